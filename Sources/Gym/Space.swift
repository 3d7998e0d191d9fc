/// What an observation or an action may be, by Gymnasium's names.
public enum Space: Hashable, Sendable {
  /// One of 0 ..< n.
  case discrete(Int)
  /// Whole numbers, of which each is one of 0 ..< its n.
  case multiDiscrete([Int])
  /// `width` real numbers within `range`, or any where that is nil.
  case box(width: Int, range: ClosedRange<Float>?)

  /// Numbers of one observation or action.
  public var width: Int {
    switch self {
    case .discrete: 1
    case .multiDiscrete(let counts): counts.count
    case .box(let width, _): width
    }
  }
}

extension Space: Encodable {
  private enum Keys: CodingKey { case type, n, nvec, shape, low, high }

  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: Keys.self)
    switch self {
    case .discrete(let n):
      try fields.encode("Discrete", forKey: .type)
      try fields.encode(n, forKey: .n)
    case .multiDiscrete(let counts):
      try fields.encode("MultiDiscrete", forKey: .type)
      try fields.encode(counts, forKey: .nvec)
    case .box(let width, let range):
      try fields.encode("Box", forKey: .type)
      try fields.encode([width], forKey: .shape)
      try fields.encodeIfPresent(range?.lowerBound, forKey: .low)
      try fields.encodeIfPresent(range?.upperBound, forKey: .high)
    }
  }
}

/// Observations or actions, one after another.
public enum Numbers: Hashable, Sendable {
  /// Of discrete spaces.
  case whole([Int32])
  /// Of boxes.
  case real([Float])

  /// Those of a discrete space; of a box there are none.
  var integers: [Int32] {
    guard case .whole(let numbers) = self else { preconditionFailure("\(count) real numbers") }
    return numbers
  }

  /// Those of a box; of a discrete space there are none.
  var floats: [Float] {
    guard case .real(let numbers) = self else { preconditionFailure("\(count) whole numbers") }
    return numbers
  }

  /// How many numbers there are.
  public var count: Int {
    switch self {
    case .whole(let numbers): numbers.count
    case .real(let numbers): numbers.count
    }
  }
}
