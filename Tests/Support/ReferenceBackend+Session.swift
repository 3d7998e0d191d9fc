import Kernels

extension ReferenceBackend {
  public func extendSessions(
    item: Indices, reward: Floats, list: Indices, end: Int32, b: Int, w: Int, t: Int, k: Int,
    open: Indices, lengths: Indices, clicks: Indices, rewards: Floats, lists: Indices
  ) {
    let cells = launch("extendSessions")
    let (item, reward, list) = (cells(item, b), cells(reward, b), cells(list, b * w))
    let (open, lengths) = (cells(open, b), cells(lengths, b))
    let (clicks, rewards) = (cells(clicks, b * t), cells(rewards, b * t))
    let lists = cells(lists, b * t * k)
    for i in 0..<b {
      if open[i] == 0 { continue }
      if item[i] == Double(end) || item[i] < 0 {
        open[i] = 0
        continue
      }
      let at = i * t + Int(lengths[i])
      (clicks[at], rewards[at]) = (item[i], reward[i])
      for c in 0..<k { lists[at * k + c] = list[i * w + c] }
      lengths[i] += 1
      if lengths[i] == Double(t) { open[i] = 0 }
    }
  }
}
