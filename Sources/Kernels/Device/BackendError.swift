/// An error whose cause lies outside the program.
public enum BackendError: Error, Equatable, CustomStringConvertible {
  /// No such device, and why.
  case noDevice(String)
  /// A kernel program was refused; the compiler's log inside.
  case build(program: String, device: String, log: String)
  /// The device has no room for so many bytes, or for no more than `limit` in one buffer.
  case outOfMemory(bytes: Int, device: String, limit: Int? = nil)
  /// A driver call failed. `kernel` names what was being run, if anything was.
  case driver(call: String, code: Int32, name: String, kernel: String?)
  /// A file could not be written, and which.
  case file(String)

  public var description: String {
    switch self {
    case .noDevice(let why), .file(let why): why
    case .build(let program, let device, let log):
      "the kernels of \(program) do not build on \(device):\n\(log)"
    case .outOfMemory(let bytes, let device, let limit):
      "\(device) has no room for another \(bytes) bytes"
        + (limit.map { ": it allows \($0) in one buffer" } ?? "")
    case .driver(let call, let code, let name, let kernel):
      "\(call) returned \(code) (\(name))" + (kernel.map { " while running \($0)" } ?? "")
    }
  }
}
