import DRRData
import TestSupport
import Testing

/// Against a dictionary of the bytes, and sorting by its definition.
@Suite("Dense indices of ids")
struct RawIDsTests {
  typealias Text = [UInt8]

  private func interned(_ texts: [Text]) -> RawIDs {
    var ids = RawIDs()
    var known: [Text: Int32] = [:]
    for text in texts {
      let index = text.withUnsafeBufferPointer { ids.intern($0) }
      let expected = known[text] ?? Int32(known.count)
      known[text] = expected
      if index != expected { Issue.record("\(text) has index \(index), not \(expected)") }
    }
    #expect(ids.count == known.count)
    let isFound = known.allSatisfy { find($0.key, ids) == Int($0.value) }
    #expect(isFound)
    return ids
  }

  private func find(_ text: Text, _ ids: RawIDs) -> Int? {
    text.withUnsafeBufferPointer { ids.lookup($0) }
  }

  @Test("ids of all lengths, few letters and many, numbers among them", arguments: [2, 10, 256])
  func dictionary(_ letters: Int) {
    var random = SeededGenerator(UInt64(letters))
    var texts: [Text] = []
    for _ in 0..<40_000 {
      let length = Int.random(in: 0...40, using: &random)
      texts.append(
        (0..<length).map { _ in
          UInt8(truncatingIfNeeded: 48 + Int.random(in: 0..<letters, using: &random))
        })
    }
    texts += (0..<5_000).map { Array("\($0 % 3_000)".utf8) }
    let ids = interned(texts)
    let others = Set((0..<20_000).map { Array("not \($0)".utf8) }).subtracting(texts)
    #expect(others.allSatisfy { find($0, ids) == nil })
  }

  /// Of three words the hash of the first two is 0 where the second one is that of the first, so that
  /// all such texts have the hash of their third.
  @Test func collisions() throws {
    func mixed(_ word: UInt64, _ factor: UInt64) -> UInt64 {
      let product = word.multipliedFullWidth(by: factor)
      return product.high ^ product.low
    }
    var random = SeededGenerator(9)
    var texts: [Text] = []
    for at in 0..<3_000 {
      let first = UInt64.random(in: 0...UInt64.max, using: &random)
      let second = mixed(24 &* 0x9e37_79b9_7f4a_7c15 ^ first, 0xa076_1d64_78bd_642f)
      let words = [first, second, UInt64(at % 3)]
      texts.append(words.flatMap { word in (0..<8).map { UInt8(word >> (8 * $0) & 0xff) } })
    }
    let hashes = Set(texts.map { $0.withUnsafeBufferPointer { Words.hash($0) } })
    try #require(hashes.count == 3)
    texts += texts.reversed() + (0..<500).map { Array("\($0)".utf8) }
    let ids = interned(texts)
    for text in texts.prefix(100) {
      // One that collides with thousands and is not there.
      #expect(find(text.prefix(16) + [9, 0, 0, 0, 0, 0, 0, 0], ids) == nil)
    }
  }

  @Test("no bytes are one text, whether they have an address or none")
  func nothing() {
    var (ids, text) = (RawIDs(["a"]), "")
    let bare = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
    #expect(ids.lookup(bare) == nil && ids.intern(bare) == 1)
    #expect(ids.lookup("") == 1 && text.withUTF8 { ids.intern($0) } == 1)
    let byte: [UInt8] = [7]
    byte.withUnsafeBufferPointer { bytes in
      #expect(ids.intern(UnsafeBufferPointer(rebasing: bytes[1...])) == 1)
    }
    #expect(ids.count == 2 && ids[1] == "")
  }

  @Test("texts that differ in one byte anywhere are two", arguments: 1...33)
  func differences(_ length: Int) {
    var texts = [Text(repeating: 97, count: length)]
    for at in 0..<length {
      texts.append(texts[0])
      texts[at + 1][at] = 98
    }
    #expect(interned(texts + texts).count == length + 1)
  }

  static let sets: [[String]] = [
    ["10", "9", "010", "1", "0", "00", "999999999999999999", ""],
    ["10", "9", "1000000000000000000", "1"],
    ["user-10", "user-9", "user-", "user", "user-1000000000", "user-1000000001", "user-10\u{0}"],
    ["abcdefgh", "abcdefghi", "abcdefgh\u{0}", "abcdefg", "é", "e\u{301}", "Z", "\u{1f600}", "1"],
    ["one"], ["7"],
  ]

  @Test("in order of numbers, or of bytes", arguments: sets)
  func order(_ set: [String]) {
    var random = SeededGenerator(3)
    let areNumbers = set.allSatisfy { $0.utf8.allSatisfy { 48...57 ~= $0 } && $0.utf8.count < 19 }
    let expected = set.sorted { first, second in
      let (a, b) = (Int(first) ?? 0, Int(second) ?? 0)
      return areNumbers && a != b ? a < b : first.utf8.lexicographicallyPrecedes(second.utf8)
    }
    for _ in 0..<20 {
      let shuffled = set.shuffled(using: &random)
      var ids = RawIDs(shuffled)
      let places = ids.sort()
      #expect(ids.map { Array($0.utf8) } == expected.map { Array($0.utf8) })
      for (index, id) in shuffled.enumerated() {
        #expect(ids.lookup(id) == Int(places[index]))
        #expect(Array(ids[Int(places[index])].utf8) == Array(id.utf8))
      }
    }
  }
}
