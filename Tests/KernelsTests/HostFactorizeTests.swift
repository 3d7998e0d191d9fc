import CLoops
import TestSupport
import Testing

@Suite struct HostFactorizeTests {
  /// Every user with every item, user u in row u mod side, item i in column i mod side.
  private static func factors(side: Int, k: Int, threads: Int32) -> [UInt32] {
    let (userCount, itemCount, width) = (60, 45, (k + 17) / 16 * 16)
    var (users, starts, items, blocks) = ([Int32](), [Int32](), [Int32](), [Int32(0)])
    for block in 0..<side * side {
      for user in stride(from: block / side, to: userCount, by: side) {
        users.append(Int32(user))
        starts.append(Int32(items.count))
        items += stride(from: block % side, to: itemCount, by: side).map { Int32($0) }
      }
      blocks.append(Int32(users.count))
    }
    starts.append(Int32(items.count))
    var random = SeededGenerator(7)
    let values = random.floats(items.count)
    let shifts = (0..<Int32(side)).shuffled(using: &random)
    var rows = random.floats((userCount + itemCount) * width)
    var scratch = [Float](repeating: 0, count: 4 * width)
    rows.withUnsafeMutableBufferPointer { rows in
      var ratings = host_ratings()
      users.withUnsafeBufferPointer { users in
        starts.withUnsafeBufferPointer { starts in
          items.withUnsafeBufferPointer { items in
            blocks.withUnsafeBufferPointer { blocks in
              values.withUnsafeBufferPointer { values in
                ratings.users = users.baseAddress
                ratings.starts = starts.baseAddress
                ratings.items = items.baseAddress
                ratings.blocks = blocks.baseAddress
                ratings.values = values.baseAddress
                ratings.side = Int32(side)
                ratings.width = Int32(width)
                for _ in 0..<3 {
                  host_factorize(
                    &ratings, shifts, Int32(side), rows.baseAddress!,
                    rows.baseAddress! + userCount * width, Int32(k), 0.02, 0.05, 0.02, &scratch,
                    threads)
                }
              }
            }
          }
        }
      }
    }
    return rows.map(\.bitPattern)
  }

  @Test("the same bits whatever the number of threads", arguments: [1, 3, 8], [1, 30, 140])
  func threads(side: Int, k: Int) {
    let one = Self.factors(side: side, k: k, threads: 1)
    #expect(one.allSatisfy { Float(bitPattern: $0).isFinite })
    for threads: Int32 in [2, 3, 16] {
      #expect(Self.factors(side: side, k: k, threads: threads) == one, "\(threads) threads")
    }
  }
}
