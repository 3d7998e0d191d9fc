/// Sessions that are simulated on a device, all a step at a time: B of them, T steps at most.
///
/// What lies at and behind a session's length is padding. The memory is shared by copies of the
/// value: `extend` changes it in place.
public struct SessionRecord {
  /// [B, T], −1 behind the end.
  public let clicks: IndexTensor
  /// [B, T], 0 behind the end.
  public let rewards: Tensor
  /// [B, T, K]: what was shown; −1 behind the end.
  public let lists: IndexTensor
  /// [B]: steps so far.
  public let lengths: IndexTensor
  /// [B]: 1 for a session that goes on, else 0.
  public let open: IndexTensor

  var sessions: Int { clicks.shape[0] }
  var steps: Int { clicks.shape[1] }
  var listSize: Int { lists.shape[2] }

  /// Sessions that have begun: P ≤ T steps of clicks [B, P], padded by −1, rewards [B, P], padded
  /// by 0, and lists [B, P, K], padded by −1. A session's length is the number of clicks before the
  /// first −1; it is open where that is below T.
  public init(
    clicks: [Int32], rewards: [Float], lists: [Int32], sessions: Int, steps: Int, listSize: Int,
    on backend: any Backend
  ) {
    let prefix = sessions == 0 ? 0 : clicks.count / sessions
    require(
      prefix <= steps && clicks.count == sessions * prefix && rewards.count == clicks.count
        && lists.count == clicks.count * listSize,
      """
      sessions: \(clicks.count) clicks, \(rewards.count) rewards and \(lists.count) list items for \
      \(sessions) sessions of up to \(steps) steps with lists of \(listSize)
      """)
    func padded<Scalar>(_ values: [Scalar], by padding: Scalar, width: Int = 1) -> [Scalar] {
      var all: [Scalar] = []
      all.reserveCapacity(sessions * steps * width)
      for i in 0..<sessions {
        all += values[i * prefix * width..<(i + 1) * prefix * width]
        all += repeatElement(padding, count: (steps - prefix) * width)
      }
      return all
    }
    let lengths = (0..<sessions).map { i in
      Int32(clicks[i * prefix..<(i + 1) * prefix].prefix { $0 >= 0 }.count)
    }
    self.clicks = IndexTensor(padded(clicks, by: -1), shape: [sessions, steps], on: backend)
    self.rewards = Tensor(padded(rewards, by: 0), shape: [sessions, steps], on: backend)
    self.lists = IndexTensor(
      padded(lists, by: -1, width: listSize), shape: [sessions, steps, listSize], on: backend)
    self.lengths = IndexTensor(lengths, shape: [sessions], on: backend)
    open = IndexTensor(lengths.map { $0 < steps ? 1 : 0 }, shape: [sessions], on: backend)
  }

  private init(
    clicks: IndexTensor, rewards: Tensor, lists: IndexTensor, lengths: IndexTensor,
    open: IndexTensor
  ) {
    (self.clicks, self.rewards, self.lists) = (clicks, rewards, lists)
    (self.lengths, self.open) = (lengths, open)
  }

  /// A record of its own whose session i is a copy of session rows_i, rows [B′] ≥ 0.
  public func repeated(_ rows: IndexTensor) -> SessionRecord {
    SessionRecord(
      clicks: clicks.rows(at: rows), rewards: rewards.detachedRows(at: rows),
      lists: lists.rows(at: rows), lengths: lengths.rows(at: rows), open: open.rows(at: rows))
  }

  /// A step of every open session, in place: it ends where its item [B] is `end` or negative; else
  /// the item, its reward [B] and the first K columns of its list [B, W], W ≥ K, are written behind
  /// what it has, and it ends once it has T steps.
  public func extend(item: IndexTensor, reward: Tensor, list: IndexTensor, end: Int32) {
    require(
      item.shape == [sessions] && reward.shape == [sessions] && list.shape.rank == 2
        && list.shape[0] == sessions && list.shape[1] >= listSize,
      """
      extend: items \(item.shape), rewards \(reward.shape) and lists \(list.shape) for \(sessions) \
      sessions with lists of \(listSize)
      """)
    item.backend.extendSessions(
      item: item.view, reward: reward.view, list: list.view, end: end, b: sessions,
      w: list.shape[1], t: steps, k: listSize, open: open.view, lengths: lengths.view,
      clicks: clicks.view, rewards: rewards.view, lists: lists.view)
  }
}

extension IndexTensor {
  /// Rows of [M, …] by number, [B, …]; a negative number gives a row of −1.
  public func rows(at index: IndexTensor) -> IndexTensor {
    require(index.shape.rank == 1, "rows: index \(index.shape), expected a vector")
    let row = shape.array.dropFirst()
    let y = IndexTensor(uninitialized: Shape([index.shape[0]] + row), on: backend)
    guard y.shape.count > 0 else { return y }
    backend.gather(view, index.view, b: index.shape[0], e: row.reduce(1, *), into: y.view)
    return y
  }
}
