import Essentials
import Tensor

/// Inputs that are drawn from a corpus: a file of it with a few edits, each the same for the same
/// seed and number, whatever was drawn before.
struct Mutations {
  private let corpus: [[UInt8]]
  private let seed: UInt64

  private static let longest = 65_536
  /// What parsers stumble over.
  private static let tokens: [[UInt8]] =
    [
      "\0", "\"", "\"\"", "\n", "\r\n", "\r", ",", ";", "\t", "::", " ", "-", "+", ".", "e", "nan",
      "inf",
      "-1", "0", "1e309", "-1e-320", "9223372036854775808", "2147483648", "4294967295", "{", "}",
      "[",
      "]", "null", "true", "\\u0000", "\\n", "\u{FEFF}", "\u{1b}[2J", "caf\u{e9}", "cafe\u{301}",
      "\u{1c}",
    ].map { Array($0.utf8) } + [
      [0xff], [0xfe, 0xff], [0xc3], [0x80], [0x1f, 0x8b], [0x50, 0x4b],
    ]

  /// - Parameter folder: whose files are the corpus; an empty file where it has none.
  init(of folder: String, seed: UInt64) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder).sorted()) ?? []
    let files = names.compactMap { FileManager.default.contents(atPath: "\(folder)/\($0)") }
    corpus = files.isEmpty ? [[]] : files.map { Array($0) }
    self.seed = seed
  }

  /// The input of a number, 0 or more.
  func input(_ number: Int) -> [UInt8] {
    var random = Philox(seed: seed, stream: UInt64(number))
    var bytes = corpus[random.index(below: corpus.count)]
    for _ in 0...random.index(below: 4) { edit(&bytes, &random) }
    return Array(bytes.prefix(Self.longest))
  }

  private func edit(_ bytes: inout [UInt8], _ random: inout Philox) {
    func place(_ count: Int) -> Int { random.index(below: count + 1) }
    /// At most 64 bytes from a place on, now and then all that follow.
    func run() -> Range<Int> {
      let start = place(bytes.count)
      let left = bytes.count - start
      return start..<start + (random.index(below: 16) == 0 ? left : place(min(64, left)))
    }
    let token = Self.tokens[random.index(below: Self.tokens.count)]
    switch random.index(below: 8) {
    case 0:
      guard !bytes.isEmpty else { return }
      bytes[random.index(below: bytes.count)] ^= 1 << UInt8(random.index(below: 8))
    case 1:
      guard !bytes.isEmpty else { return }
      bytes[random.index(below: bytes.count)] = UInt8(random.index(below: 256))
    case 2: bytes.insert(contentsOf: token, at: place(bytes.count))
    case 3:
      let start = place(bytes.count)
      bytes.replaceSubrange(start..<min(start + token.count, bytes.count), with: token)
    case 4: bytes.removeSubrange(run())
    case 5:
      let copied = Array(bytes[run()])
      bytes.insert(contentsOf: copied, at: place(bytes.count))
    case 6:
      // A number becomes another.
      let start = place(bytes.count)
      guard let first = bytes[start...].firstIndex(where: { 0x30...0x39 ~= $0 }) else { return }
      let end = bytes[first...].firstIndex { !(0x30...0x39 ~= $0) } ?? bytes.count
      bytes.replaceSubrange(first..<end, with: token)
    default:
      let other = corpus[random.index(below: corpus.count)]
      bytes = Array(bytes.prefix(place(bytes.count))) + other.dropFirst(place(other.count))
    }
  }
}
