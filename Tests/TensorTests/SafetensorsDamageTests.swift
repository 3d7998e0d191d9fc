import Tensor
import Testing

/// The generator of java.util.SplittableRandom, enough for reproducible damage.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// One to four random edits; half the time the length is then made to fit the last brace, so that
/// the edits reach the parser.
func damaged(_ file: [UInt8], using random: inout SplitMix) -> [UInt8] {
  let fragments = [#""dtype":"F32""#, "{", "}", "[", "]", "\"", "\\u", "99999999999", ",", ":"]
  var bytes = file
  for _ in 0...Int.random(in: 0..<4, using: &random) {
    let place = Int.random(in: 0...bytes.count, using: &random)
    switch Int.random(in: 0..<5, using: &random) {
    case 0 where place < bytes.count:
      bytes[place] = .random(in: .min ... .max, using: &random)
    case 1: bytes.removeSubrange(place..<min(bytes.count, place + 3))
    case 2:
      let fragment = fragments.randomElement(using: &random) ?? ""
      bytes.insert(contentsOf: fragment.utf8, at: place)
    case 3: bytes.removeLast(bytes.count - place)
    default: bytes.append(.random(in: .min ... .max, using: &random))
    }
  }
  if bytes.count > 8, Bool.random(using: &random) {
    let end = bytes.lastIndex(of: UInt8(ascii: "}")).map { max(0, $0 - 7) } ?? 0
    withUnsafeBytes(of: UInt64(end)) { bytes.replaceSubrange(0..<8, with: $0) }
  }
  return bytes
}

@Suite struct SafetensorsDamageTests {
  private func smallFile() throws -> [UInt8] {
    var writer = SafetensorsWriter(metadata: ["step": "12", "note": "a\tb\n\"é\""])
    try writer.add("w", [Float(1), -2, 3], shape: [3, 1])
    try writer.add("n", [UInt8(0x20), 0x20, 0x30])
    return try writer.bytes()
  }

  /// Every byte replaced by every other value: none may pass for the file that was written.
  @Test func seesAnyChangedByte() throws {
    let whole = try smallFile()
    var unseen: [(offset: Int, value: UInt8)] = []
    for offset in whole.indices {
      var damaged = whole
      for change in UInt8(1)...255 {
        damaged[offset] = whole[offset] ^ change
        if (try? SafetensorsFile(bytes: damaged, name: "m")) != nil {
          unseen.append((offset, damaged[offset]))
        }
      }
    }
    #expect(unseen.isEmpty, "\(unseen.prefix(5)) of \(String(decoding: whole, as: UTF8.self))")

    var damaged = whole
    damaged[whole.count - 1] ^= 1
    #expect(throws: CheckpointError.checksum(path: "m", part: "contents")) {
      try SafetensorsFile(bytes: damaged, name: "m")
    }
    let text = CheckpointError.checksum(path: "m", part: "contents").description
    #expect(text == "m: the contents do not match their checksum; the file is damaged")
    let header = CheckpointError.checksum(path: "m", part: "header").description
    #expect(header == "m: the header does not match its checksum; the file is damaged")
  }

  @Test func seesAnyTruncationAndAnyTail() throws {
    let whole = try smallFile()
    for count in whole.indices {
      #expect(throws: CheckpointError.self, "\(count)") {
        try SafetensorsFile(bytes: Array(whole[..<count]), name: "m")
      }
    }
    #expect(throws: CheckpointError.self) {
      try SafetensorsFile(bytes: whole + [0], name: "m")
    }
  }

  /// Random edits of valid files, with and without checksums, and random bytes: a value or an
  /// error, and every tensor of an accepted file can be read.
  @Test func readsArbitraryBytesWithoutCrash() throws {
    var random = SplitMix(state: 11)
    let seeds = try [smallFile()] + acceptedFiles + refusedHereOnly.map(\.file)
    var accepted = 0
    for _ in 0..<40_000 {
      let bytes = damaged(seeds.randomElement(using: &random) ?? [], using: &random)
      guard let file = try? SafetensorsFile(bytes: bytes, name: "m") else { continue }
      accepted += 1
      for entry in file.entries {
        for read in [try? file.floats(entry.name).count, try? file.bytes(entry.name).count] {
          #expect(read == nil || read == entry.shape.reduce(1, *))
        }
      }
    }
    #expect(accepted > 100, "the edits must leave some files valid: \(accepted)")
  }
}
