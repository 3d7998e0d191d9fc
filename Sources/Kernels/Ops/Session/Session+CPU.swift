extension CPUBackend {
  public func extendSessions(
    item: Indices, reward: Floats, list: Indices, end: Int32, b: Int, w: Int, t: Int, k: Int,
    open: Indices, lengths: Indices, clicks: Indices, rewards: Floats, lists: Indices
  ) {
    guard begin() else { return }
    require(0...w ~= k, "extendSessions: \(k) of \(w) columns")
    let item = pointer(item, b, "extendSessions", "item")
    let reward = pointer(reward, b, "extendSessions", "reward")
    let list = pointer(list, b * w, "extendSessions", "list")
    let open = pointer(open, b, "extendSessions", "open")
    let lengths = pointer(lengths, b, "extendSessions", "lengths")
    let clicks = pointer(clicks, b * t, "extendSessions", "clicks")
    let rewards = pointer(rewards, b * t, "extendSessions", "rewards")
    let lists = pointer(lists, b * t * k, "extendSessions", "lists")
    for i in 0..<b where open[i] != 0 {
      let step = Int(lengths[i])
      guard item[i] != end, item[i] >= 0, 0..<t ~= step else {
        open[i] = 0
        continue
      }
      clicks[i * t + step] = item[i]
      rewards[i * t + step] = reward[i]
      (lists + (i * t + step) * k).update(from: list + i * w, count: k)
      lengths[i] = Int32(step + 1)
      if step + 1 == t { open[i] = 0 }
    }
  }
}
