/// What is wrong with a file: where, what stands there and what was expected.
public struct LineFault: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file's name.
  public var file: String
  /// From 1; 0 if the fault is of the file as a whole.
  public var line: Int
  /// What stands there.
  public var found: String
  /// What would do.
  public var expected: String

  /// A fault by its parts.
  public init(file: String, line: Int = 0, found: String, expected: String) {
    self.file = file
    self.line = line
    self.found = found
    self.expected = expected
  }

  public var description: String {
    "\(file)\(line > 0 ? ", line \(line)" : ""): \(found), expected \(expected)"
  }
}

extension DataError {
  /// Something that no other case says is wrong with a line, or with a file as a whole.
  package static func fault(
    _ file: String, line: Int = 0, found: String, expected: String
  ) -> DataError { .line(LineFault(file: file, line: line, found: found, expected: expected)) }
}
