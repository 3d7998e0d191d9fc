import Tensor
import TestSupport
import Testing

@Suite("Masks and rankings")
struct RankingTests {
  @Test("a mask is a table of flags", arguments: [1, 31, 32, 33, 100])
  func mask(_ items: Int) {
    var random = SeededGenerator(UInt64(items))
    var flags = [[Bool]](repeating: .init(repeating: false, count: items), count: 3)
    var mask = ItemMask(rows: 3, items: items, allowed: false)
    #expect(mask.words.count == 3 * ((items + 31) / 32))
    for _ in 0..<4 * items {
      let (row, item) = (Int.random(in: 0..<3, using: &random), Int(random.next() % UInt64(items)))
      flags[row][item] = Bool.random(using: &random)
      mask[row, item] = flags[row][item]
    }
    for row in 0..<3 {
      #expect((0..<items).map { mask[row, $0] } == flags[row])
      #expect(mask.count(row: row) == flags[row].count { $0 })
    }
    let all = ItemMask(rows: 2, items: items, allowed: true)
    #expect(all.count(row: 0) == items && all.count(row: 1) == items)
    #expect((0..<items).allSatisfy { all[0, $0] && all[1, $0] })
  }

  @Test("topK is a full sort of the allowed scores", arguments: TestDevices.withReference)
  func sorted(_ device: TestDevice) throws {
    let backend = try device.make()
    var random = SeededGenerator(17)
    let (queries, count, width) = (3, 70, 4)
    // Whole numbers have exact scores, and among 70 of them many are equal.
    let query = random.wholeFloats(queries * width, in: -2...2)
    let items = random.wholeFloats(count * width, in: -2...2)
    let bias = random.wholeFloats(count, in: -1...1)
    var mask = ItemMask(rows: queries, items: count, allowed: true)
    for row in 0..<2 {
      for item in 0..<count where random.next() % 3 == 0 { mask[row, item] = false }
    }
    for item in 0..<count { mask[2, item] = item == 5 || item == 64 }
    let device = DeviceMask(rows: queries, items: count, on: backend)
    device.upload(mask)
    let queryTensor = Tensor(query, shape: [queries, width], on: backend)
    let itemTensor = Tensor(items, shape: [count, width], on: backend)
    let biasTensor = Tensor(bias, shape: [count], on: backend)

    for (withBias, masked) in [(false, false), (true, false), (true, true)] {
      for k in [1, 5, 70] {
        let ranking = queryTensor.topK(
          k, items: itemTensor, bias: withBias ? biasTensor : nil, allowed: masked ? device : nil)
        let (found, scores) = (try ranking.items.host(), try ranking.scores.host())
        for row in 0..<queries {
          let score = { (item: Int) -> Float in
            (0..<width).reduce(withBias ? bias[item] : 0) {
              $0 + query[row * width + $1] * items[item * width + $1]
            }
          }
          let expected = (0..<count).filter { !masked || mask[row, $0] }
            .sorted { (-score($0), $0) < (-score($1), $1) }.prefix(k)
          let listed = Array(found[row * k..<(row + 1) * k])
          #expect(Array(listed.prefix(expected.count)) == expected.map { Int32($0) })
          #expect(listed.dropFirst(expected.count).allSatisfy { $0 == -1 })
          for (rank, item) in expected.enumerated() {
            #expect(scores[row * k + rank] == score(item))
          }
        }
      }
    }
  }
}

@Suite struct DrawsTests {
  @Test("uniform draws are the same bits everywhere", arguments: TestDevices.all)
  func uniform(_ device: TestDevice) throws {
    let key = RandomKey(seed: 7, stream: 3, counter: 12)
    let drawn = try Tensor.uniform([11, 7], low: -1, high: 3, key, on: device.make())
    let expected = Tensor.uniform([11, 7], low: -1, high: 3, key, on: ReferenceBackend())
    #expect(try drawn.host() == expected.host())
    let other = RandomKey(seed: 7, stream: 3, counter: 13)
    #expect(try Tensor.uniform([11, 7], other, on: drawn.backend).host() != drawn.host())
  }

  @Test("normal draws agree", arguments: TestDevices.all)
  func normal(_ device: TestDevice) throws {
    let key = RandomKey(seed: 7, stream: 4, counter: 1)
    let drawn = try Tensor.normal([33], mean: 2, deviation: 0.5, key, on: device.make())
    let expected = Tensor.normal([33], mean: 2, deviation: 0.5, key, on: ReferenceBackend())
    #expect(relativeError(try drawn.doubles(), try expected.doubles()) < 1e-5)
  }

  @Test("replaced rows are whole and as frequent as asked", arguments: TestDevices.withReference)
  func replaceRows(_ device: TestDevice) throws {
    let backend = try device.make()
    func replaced(_ probability: Float) throws -> [Bool] {
      let x = Tensor(repeating: -1, shape: [400, 3], on: backend)
      x.replaceRows(
        probability: probability, low: 0, high: 0.1,
        coin: RandomKey(seed: 1, stream: 1, counter: 0),
        values: RandomKey(seed: 1, stream: 2, counter: 0))
      let host = try x.host()
      return (0..<400).map { row in
        let values = host[row * 3..<row * 3 + 3]
        let isNew = values.allSatisfy { (0..<0.1).contains($0) }
        #expect(isNew || values.allSatisfy { $0 == -1 })
        return isNew
      }
    }
    #expect(try replaced(0).allSatisfy { !$0 })
    #expect(try replaced(1).allSatisfy { $0 })
    // 120 expected, deviation 9.2.
    #expect(abs(try replaced(0.3).count { $0 } - 120) < 46)
  }
}
