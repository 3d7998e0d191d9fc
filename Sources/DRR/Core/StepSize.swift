import Platform

/// α of the n-th visit of a cell.
public enum StepSize: Codable, Hashable, Sendable, CustomStringConvertible {
  /// The same for all: the last visits count most.
  case constant(Double)
  /// n^−p: 1/n, the mean of all visits, with p = 1; below 1 what was learned of younger values
  /// counts more. Sums to infinity, and its squares do not where p is above 1/2 (Robbins & Monro
  /// 1951).
  case power(Double)

  /// 1/n.
  public static var inverse: StepSize { .power(1) }

  /// - Parameter visit: from 1 on.
  @inlinable
  public func callAsFunction(_ visit: Int) -> Double {
    switch self {
    case .constant(let size): size
    case .power(1): 1 / Double(visit)
    case .power(let exponent): pow(Double(visit), -exponent)
    }
  }

  /// `0.7`, `1/n` or `n^-0.7`.
  public init?(_ text: String) {
    if text == "1/n" {
      self = .inverse
    } else if text.hasPrefix("n^-"), let exponent = Double(text.dropFirst(3)) {
      self = .power(exponent)
    } else if let size = Double(text) {
      self = .constant(size)
    } else {
      return nil
    }
  }

  public var description: String {
    switch self {
    case .constant(let size): "\(size)"
    case .power(1): "1/n"
    case .power(let exponent): "n^-\(exponent)"
    }
  }

  /// - Throws: `ConfigurationError` unless a constant is in (0, 1], or an exponent in (0.5, 1].
  public func validate() throws(ConfigurationError) {
    switch self {
    case .constant(let size):
      try ConfigurationError.require("step size", size, "above 0 and at most 1") {
        $0 > 0 && $0 <= 1
      }
    case .power(let exponent):
      try ConfigurationError.require("step size's exponent", exponent, "above 0.5 and at most 1") {
        $0 > 0.5 && $0 <= 1
      }
    }
  }
}

/// ε, with which an action is drawn at random.
public struct EpsilonSchedule: Codable, Hashable, Sendable {
  /// How ε falls from the first value to the last.
  public enum Shape: String, Codable, CaseIterable, Hashable, Sendable {
    /// In a straight line, or by a constant factor a step.
    case linear, exponential
  }

  /// Of the first step, and that which it falls to.
  public var first: Double
  /// The ε that it falls to, 0 ... 1.
  public var last: Double
  /// Share of the steps in which it falls: all the way if linear; if exponential it is the share in
  /// which the distance falls to a hundredth.
  public var share: Double
  /// The curve between the two.
  public var shape: Shape

  /// A schedule from one ε to another within a share of the steps.
  public init(_ first: Double, to last: Double, share: Double = 0.5, shape: Shape = .linear) {
    self.first = first
    self.last = last
    self.share = share
    self.shape = shape
  }

  /// The same ε at every step.
  public init(constant epsilon: Double) { self.init(epsilon, to: epsilon) }

  /// ε at a step, which counts from 0, of so many.
  public func callAsFunction(_ step: Int, of steps: Int) -> Double {
    let way = share * Double(steps)
    guard way > 0 else { return last }
    let part = Double(step) / way
    return switch shape {
    case .linear: first + (last - first) * min(part, 1)
    case .exponential: last + (first - last) * exp(-part * log(100))
    }
  }

  /// - Throws: `ConfigurationError` unless ε and the share are in 0 ... 1.
  public func validate() throws(ConfigurationError) {
    for (name, epsilon) in [("epsilon start", first), ("epsilon end", last)] {
      try ConfigurationError.require(name, epsilon, .share)
    }
    try ConfigurationError.require("share of the steps in which epsilon falls", share, "0 ... 1") {
      $0 >= 0 && $0 <= 1
    }
  }
}
