import Tensor

/// Simulated sessions: 480 at once, lists of 20 and the item that ends a session.
extension KernelCase {
  static let session: [KernelCase] = [
    KernelCase("extendSessions", "b \(b) k \(k)", .irecgan, words: 2 * b * (k + 4)) { i in
      let t = Size.steps
      let (item, reward) = (i.indices(b, below: Size.items), i.floats(b))
      let list = i.indices(b * (k + 1), below: Size.items)
      let (clicks, rewards) = (i.emptyIndices(b * t), i.empty(b * t))
      let (lists, lengths, open) = (
        i.emptyIndices(b * t * k), i.emptyIndices(b), i.emptyIndices(b)
      )
      var step = 0
      return {
        // Sessions that have all their steps begin again.
        if step % t == 0 {
          i.backend.write([Int32](repeating: 0, count: b), to: lengths)
          i.backend.write([Int32](repeating: 1, count: b), to: open)
        }
        step += 1
        i.backend.extendSessions(
          item: item, reward: reward, list: list, end: Int32(Size.items), b: b, w: k + 1, t: t,
          k: k, open: open, lengths: lengths, clicks: clicks, rewards: rewards, lists: lists)
      }
    }
  ]

  private static let (b, k) = (480, 20)
}
