import Essentials
import Platform

#if FUZZ
  /// libFuzzer's loop: mutates what reaches new edges of the program, which its compiler counts.
  @_silgen_name("LLVMFuzzerRunDriver")
  private func runFuzzer(
    _ count: UnsafeMutablePointer<Int32>,
    _ words: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ body: @convention(c) (UnsafePointer<UInt8>, Int) -> Int32
  ) -> Int32
#endif

/// `fuzz READER FILE ...` reads each file once. Built to fuzz, `fuzz READER FOLDER ...` takes
/// libFuzzer's options and folders.
@main
enum Fuzz {
  nonisolated(unsafe) private static var reader = Reader.all[0]

  static func main() {
    let words = CommandLine.arguments
    guard words.count > 1, let found = Reader.all.first(where: { $0.name == words[1] }) else {
      print(Reader.all.map(\.name).joined(separator: "\n"))
      exit(words.count > 1 ? 64 : 0)
    }
    reader = found
    #if FUZZ
      // The reader's name is not libFuzzer's.
      var left: [UnsafeMutablePointer<CChar>?] = [strdup(words[0])]
      left += words.dropFirst(2).map { strdup($0) }
      var count = Int32(left.count)
      left.append(nil)
      let code = left.withUnsafeMutableBufferPointer { buffer in
        var start = buffer.baseAddress
        return runFuzzer(&count, &start) { bytes, count in
          Fuzz.reader.read(UnsafeRawBufferPointer(start: bytes, count: count))
          return 0
        }
      }
      exit(code)
    #else
      for path in words.dropFirst(2) {
        guard let bytes = FileManager.default.contents(atPath: path) else {
          print("\(path): cannot be read")
          exit(66)
        }
        bytes.withUnsafeBytes { reader.read($0) }
        print("\(path): held")
      }
    #endif
  }
}
