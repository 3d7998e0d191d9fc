/// What a person asked for: `auto`, `cpu`, `opencl`, `opencl:P` or `opencl:P:D`.
public enum DeviceRequest: Hashable, Sendable {
  case auto
  case cpu
  case openCL(platform: Int?, index: Int?)

  /// Nil where the text is none of the forms above.
  public init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    switch parts.first {
    case "auto" where parts.count == 1: self = .auto
    case "cpu" where parts.count == 1: self = .cpu
    case "opencl" where parts.count <= 3:
      let numbers = parts.dropFirst().map { Int($0) }
      guard numbers.allSatisfy({ $0 != nil && $0! >= 0 }) else { return nil }
      self = .openCL(
        platform: numbers.first ?? nil, index: numbers.count > 1 ? numbers[1] : nil)
    default: return nil
    }
  }
}
