extension OpenCLBackend {
  public func extendSessions(
    item: Indices, reward: Floats, list: Indices, end: Int32, b: Int, w: Int, t: Int, k: Int,
    open: Indices, lengths: Indices, clicks: Indices, rewards: Floats, lists: Indices
  ) {
    require(0...w ~= k, "extendSessions: \(k) of \(w) columns")
    expect("extendSessions", "item", item, b)
    expect("extendSessions", "reward", reward, b)
    expect("extendSessions", "list", list, b, w)
    expect("extendSessions", "open", open, b)
    expect("extendSessions", "lengths", lengths, b)
    expect("extendSessions", "clicks", clicks, b, t)
    expect("extendSessions", "rewards", rewards, b, t)
    expect("extendSessions", "lists", lists, b, t, k)
    launch(
      .extendSessions, elements: b, argument(open), argument(lengths), argument(clicks),
      argument(rewards), argument(lists), argument(item), argument(reward), argument(list),
      .int(end), .count(b), .count(w), .count(t), .count(k))
  }
}
