/// Philox4x32-10, a counter-based generator (Salmon et al. 2011): any place of the sequence is
/// computed at once, so a position is two numbers and streams never overlap.
///
/// Word `w` of a generator is word w % 4 of the block of counter
/// [low32(w / 4), high32(w / 4), low32(stream), ~high32(stream)] under the seed as key. The last
/// word of a device draw's counter is 0 (see `RandomKey`), so the two never meet while
/// `stream` is below 2⁶⁴ − 2³².
public struct Philox: RandomNumberGenerator, Sendable {
  public let key: UInt64
  public let stream: UInt64
  /// How many 32-bit words were drawn so far.
  public private(set) var counter: UInt64
  private var words = SIMD4<UInt32>()
  private var hasWords = false

  public init(seed: UInt64, stream: UInt64 = 0) {
    self.init(key: seed, stream: stream, counter: 0)
  }

  /// The generator of `key` and `stream` after `counter` words.
  public init(key: UInt64, stream: UInt64, counter: UInt64) {
    self.key = key
    self.stream = stream
    self.counter = counter
  }

  /// The four words of one block: ten rounds of the 128-bit counter under the 64-bit key.
  public static func block(key: UInt64, counter: SIMD4<UInt32>) -> SIMD4<UInt32> {
    var (c0, c1, c2, c3) = (counter.x, counter.y, counter.z, counter.w)
    var (k0, k1) = (UInt32(truncatingIfNeeded: key), UInt32(truncatingIfNeeded: key >> 32))
    for _ in 0..<10 {
      let first = UInt64(c0) * 0xD251_1F53
      let second = UInt64(c2) * 0xCD9E_8D57
      (c0, c1, c2, c3) = (
        UInt32(truncatingIfNeeded: second >> 32) ^ c1 ^ k0, UInt32(truncatingIfNeeded: second),
        UInt32(truncatingIfNeeded: first >> 32) ^ c3 ^ k1, UInt32(truncatingIfNeeded: first)
      )
      k0 &+= 0x9E37_79B9
      k1 &+= 0xBB67_AE85
    }
    return SIMD4(c0, c1, c2, c3)
  }

  /// The uniform number in [0, 1) of one word: its upper 24 bits, exact in a Float.
  public static func uniform(_ word: UInt32) -> Float { Float(word >> 8) * 0x1p-24 }

  public mutating func nextWord() -> UInt32 {
    let lane = Int(counter % 4)
    if lane == 0 || !hasWords {
      let index = counter / 4
      words = Self.block(
        key: key,
        counter: SIMD4(
          UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: index >> 32),
          UInt32(truncatingIfNeeded: stream), ~UInt32(truncatingIfNeeded: stream >> 32)))
      hasWords = true
    }
    counter &+= 1
    return words[lane]
  }

  /// The next two words, the first as the low half.
  public mutating func next() -> UInt64 {
    let low = UInt64(nextWord())
    return low | UInt64(nextWord()) << 32
  }

  /// The next number in [0, 1), a multiple of 2⁻²⁴; takes one word.
  public mutating func uniform() -> Float { Self.uniform(nextWord()) }
}

extension Philox: Hashable {
  public static func == (a: Philox, b: Philox) -> Bool {
    a.key == b.key && a.stream == b.stream && a.counter == b.counter
  }
  public func hash(into hasher: inout Hasher) {
    hasher.combine(key)
    hasher.combine(stream)
    hasher.combine(counter)
  }
}

extension Philox: Codable {
  private enum CodingKeys: CodingKey { case key, stream, counter }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      key: try fields.decode(UInt64.self, forKey: .key),
      stream: try fields.decode(UInt64.self, forKey: .stream),
      counter: try fields.decode(UInt64.self, forKey: .counter))
  }
  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encode(key, forKey: .key)
    try fields.encode(stream, forKey: .stream)
    try fields.encode(counter, forKey: .counter)
  }
}

extension RandomKey {
  /// Word `j` of this draw.
  func word(_ j: Int) -> UInt32 { block(j / 4)[j % 4] }

  /// Words 4i ..< 4i + 4 of this draw.
  func block(_ i: Int) -> SIMD4<UInt32> {
    Philox.block(
      key: key,
      counter: SIMD4(
        UInt32(truncatingIfNeeded: counter), UInt32(truncatingIfNeeded: counter >> 32),
        UInt32(truncatingIfNeeded: i), 0))
  }
}
