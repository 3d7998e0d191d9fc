public protocol SessionKernels: AnyObject {
  /// Takes a step of each of b sessions at once.
  ///
  /// A session whose `open` is 0 stays as it is. An open one whose item_b is `end` or negative is
  /// closed, open_b = 0. Any other gets item_b in clicks[b, t], reward_b in rewards[b, t] and the
  /// first k columns of list[b, w] in lists[b, t, k], all at step lengths_b, which then grows by
  /// one; it is closed once lengths_b is t. k ≤ w.
  func extendSessions(
    item: Indices, reward: Floats, list: Indices, end: Int32, b: Int, w: Int, t: Int, k: Int,
    open: Indices, lengths: Indices, clicks: Indices, rewards: Floats, lists: Indices)
}
