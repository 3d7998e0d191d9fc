/// Why a model cannot be read or asked, in one sentence.
public struct ServingError: Error, Equatable, CustomStringConvertible {
  public let description: String
  /// An error of one sentence: what was asked for, what is wrong, and what to do.
  public init(_ description: String) { self.description = description }
}
