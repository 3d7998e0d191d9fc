import DRR
import Platform
import Terminal

/// A folder for the life of the value.
final class TemporaryFolder {
  let path: String

  init(in parent: String? = nil) throws {
    let parent = parent ?? environment("TMPDIR") ?? "/tmp"
    var template = Array("\(parent)/drr-bench-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw RunError("\(parent): no folder can be made there: \(String(cString: strerror(errno)))")
    }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { _ = try? ChildProcess.run(["rm", "-rf", path]) }
}
