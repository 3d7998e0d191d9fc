/// What is wrong with a log of decisions or with what is to be judged by it: where, what stands
/// there and what was expected.
public struct FeedbackFault: Error, Equatable, Sendable, CustomStringConvertible {
  public var file: String
  /// 0 where the fault is of the file as a whole.
  public var line: Int
  public var found: String
  public var expected: String

  public init(file: String, line: Int = 0, found: String, expected: String) {
    self.file = file
    self.line = line
    self.found = found
    self.expected = expected
  }

  public var description: String {
    "\(file)\(line > 0 ? ", line \(line)" : ""): \(found), expected \(expected)"
  }

  /// What a propensity must be; it is never taken for granted.
  static let propensity =
    "the probability of the logged action, above 0 and at most 1; it is never taken as 1"
}
