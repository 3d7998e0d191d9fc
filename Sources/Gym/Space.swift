/// What an observation or an action may be, by Gymnasium's names.
public enum Space: Hashable, Sendable {
  /// One of 0 ..< n.
  case discrete(Int)
  /// Whole numbers, of which each is one of 0 ..< its n.
  case multiDiscrete([Int])
  /// `width` real numbers, each within its range, or any where that is nil.
  case box(width: Int, ranges: [ClosedRange<Float>]?)

  /// `width` real numbers within one range, or any where that is nil.
  static func box(width: Int, range: ClosedRange<Float>?) -> Space {
    .box(width: width, ranges: range.map { Array(repeating: $0, count: width) })
  }

  /// Numbers of one observation or action.
  public var width: Int {
    switch self {
    case .discrete: 1
    case .multiDiscrete(let counts): counts.count
    case .box(let width, _): width
    }
  }
}

extension Space: Codable {
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
    case .box(let width, let ranges):
      try fields.encode("Box", forKey: .type)
      try fields.encode([width], forKey: .shape)
      guard let ranges else { return }
      if Set(ranges).count == 1 {
        try fields.encode(ranges[0].lowerBound, forKey: .low)
        try fields.encode(ranges[0].upperBound, forKey: .high)
      } else {
        try fields.encode(ranges.map(\.lowerBound), forKey: .low)
        try fields.encode(ranges.map(\.upperBound), forKey: .high)
      }
    }
  }

  /// Bounds are one number, or one for each of the box's.
  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: Keys.self)
    func fault(_ key: Keys, _ what: String) -> DecodingError {
      .dataCorruptedError(forKey: key, in: fields, debugDescription: what)
    }
    func positive(_ numbers: [Int], _ key: Keys) throws -> [Int] {
      guard numbers.allSatisfy({ 1...Int(Int32.max) ~= $0 }) else {
        throw fault(key, "it is \(numbers); each must be 1 or more")
      }
      return numbers
    }
    switch try fields.decode(String.self, forKey: .type) {
    case "Discrete":
      self = .discrete(try positive([fields.decode(Int.self, forKey: .n)], .n)[0])
    case "MultiDiscrete":
      self = .multiDiscrete(try positive(fields.decode([Int].self, forKey: .nvec), .nvec))
    case "Box":
      var width = 1
      for size in try positive(fields.decode([Int].self, forKey: .shape), .shape) {
        guard width <= 1 << 24 / size else { throw fault(.shape, "it is too large") }
        width *= size
      }
      func bounds(_ key: Keys) throws -> [Float]? {
        guard fields.contains(key) else { return nil }
        if let one = try? fields.decode(Float.self, forKey: key) {
          return Array(repeating: one, count: width)
        }
        return try fields.decode([Float].self, forKey: key)
      }
      guard let low = try bounds(.low), let high = try bounds(.high) else {
        self = .box(width: width, ranges: nil)
        return
      }
      guard low.count == width, high.count == width,
        zip(low, high).allSatisfy({ $0.isFinite && $1.isFinite && $0 < $1 })
      else {
        throw fault(.low, "it must have \(width) numbers, each below that of high")
      }
      self = .box(width: width, ranges: zip(low, high).map { $0...$1 })
    case let other:
      throw fault(.type, "it is \(other); it must be Discrete, MultiDiscrete or Box")
    }
  }
}

extension Space: CustomStringConvertible {
  /// Its name and sizes, and the bounds where there are any.
  public var description: String {
    switch self {
    case .discrete(let n): "Discrete(\(n))"
    case .multiDiscrete(let counts): "MultiDiscrete(\(counts))"
    case .box(let width, nil): "Box(\(width))"
    case .box(let width, .some(let ranges)):
      Set(ranges).count == 1 ? "Box(\(width), \(ranges[0]))" : "Box(\(ranges))"
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
