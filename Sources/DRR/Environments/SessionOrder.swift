import DRRCore
import Tensor

/// Which start each session has: every epoch takes each start once, in an order of its own drawn
/// from the seed.
package struct SessionOrder: Sendable {
  let seed: UInt64
  let count: Int
  private var current: (epoch: Int, starts: [Int])?

  package init(seed: UInt64, count: Int) {
    self.seed = seed
    self.count = count
  }

  package mutating func start(ofEpisode episode: Int) -> Int {
    let epoch = episode / count
    if current?.epoch != epoch {
      var random = Philox(seed: seed, stream: Streams.sessions &+ UInt64(epoch) << 8)
      current = (epoch, (0..<count).shuffled(using: &random))
    }
    return current!.starts[episode % count]
  }
}
