/// Why a model cannot be read or asked, in one sentence.
public struct ServingError: Error, Equatable, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}
