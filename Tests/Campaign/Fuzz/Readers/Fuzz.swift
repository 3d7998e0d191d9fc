import Essentials
import Kernels
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

/// `fuzz READER FILE ...` reads each file once, and `fuzz READER --draw SEED FIRST COUNT FOLDER` drawn
/// mutations of a folder's files. Built to fuzz, `fuzz READER FOLDER ...` takes libFuzzer's options
/// and folders.
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
      if words.count == 7, words[2] == "--draw", let seed = UInt64(words[3]),
        let first = Int(words[4]), let count = Int(words[5]), first >= 0, count >= 0
      {
        draw(Mutations(of: words[6], seed: seed), first..<first + count)
        return
      }
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

  /// Reads inputs, each in at most ten seconds and a gigabyte; the number of the one at work is the
  /// last line of standard output.
  private static func draw(_ mutations: Mutations, _ numbers: Range<Int>) {
    for number in numbers {
      var line = Array("\(number)\n".utf8)
      _ = Platform.write(1, &line, line.count)
      alarm(10)
      mutations.input(number).withUnsafeBytes { reader.read($0) }
      alarm(0)
      var usage = rusage()
      getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
      require(usage.ru_maxrss < 1 << 20, "\(usage.ru_maxrss) KiB are in use")
    }
  }
}
