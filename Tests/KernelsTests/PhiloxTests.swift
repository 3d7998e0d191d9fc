import Foundation
import Kernels
import Testing

@Suite struct PhiloxTests {
  /// The known answers for philox4x32-10 that come with Random123 (Salmon et al. 2011).
  @Test(arguments: [
    (
      UInt64(0), SIMD4<UInt32>(repeating: 0),
      SIMD4<UInt32>(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8)
    ),
    (
      UInt64.max, SIMD4<UInt32>(repeating: .max),
      SIMD4<UInt32>(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd)
    ),
    (
      UInt64(0x299f_31d0_a409_3822),
      SIMD4<UInt32>(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344),
      SIMD4<UInt32>(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1)
    ),
  ])
  func knownAnswer(key: UInt64, counter: SIMD4<UInt32>, expected: SIMD4<UInt32>) {
    #expect(Philox.block(key: key, counter: counter) == expected)
  }

  @Test func wordsFollowTheBlocks() {
    var generator = Philox(seed: 7, stream: 0x1_0000_0002)
    for index in 0..<5 as Range<UInt32> {
      let block = Philox.block(key: 7, counter: SIMD4(index, 0, 2, ~1))
      for lane in 0..<4 { #expect(generator.nextWord() == block[lane]) }
    }
    #expect(generator.counter == 20)
    var pairs = Philox(seed: 7, stream: 0x1_0000_0002)
    let first = Philox.block(key: 7, counter: SIMD4(0, 0, 2, ~1))
    #expect(pairs.next() == UInt64(first[0]) | UInt64(first[1]) << 32)
  }

  @Test(arguments: 0..<9)
  func aSavedPositionGoesOn(drawn: Int) throws {
    var generator = Philox(seed: 42, stream: 3)
    for _ in 0..<drawn { _ = generator.nextWord() }
    let data = try JSONEncoder().encode(generator)
    var restored = try JSONDecoder().decode(Philox.self, from: data)
    #expect(restored == generator)
    for _ in 0..<10 { #expect(restored.next() == generator.next()) }
  }

  @Test func aPositionPastTwoToTheThirtyFourMovesTheSecondWord() {
    var generator = Philox(key: 1, stream: 0, counter: 1 << 34)
    #expect(generator.nextWord() == Philox.block(key: 1, counter: SIMD4(0, 1, 0, .max))[0])
  }

  @Test func uniformHasTheMomentsOfItsLaw() {
    var generator = Philox(seed: 11)
    let count = 100_000
    var sum = 0.0
    var squares = 0.0
    for _ in 0..<count {
      let value = Double(generator.uniform())
      #expect(value >= 0 && value < 1)
      sum += value
      squares += value * value
    }
    // Five standard errors of the mean of u and of u².
    #expect(abs(sum / Double(count) - 0.5) < 5 * (1.0 / 12 / Double(count)).squareRoot())
    #expect(abs(squares / Double(count) - 1.0 / 3) < 5 * (4.0 / 45 / Double(count)).squareRoot())
  }

  @Test func anyRangeOfStandardRandomWorks() {
    var generator = Philox(seed: 5)
    let order = (0..<100).shuffled(using: &generator)
    #expect(order != Array(0..<100) && order.sorted() == Array(0..<100))
    var again = Philox(seed: 5)
    #expect((0..<100).shuffled(using: &again) == order)
    var other = Philox(seed: 5, stream: 1)
    #expect((0..<100).shuffled(using: &other) != order)
  }
}
