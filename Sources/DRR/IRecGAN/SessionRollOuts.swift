import ClickSessions
import DRRCore
import Tensor

/// U and A together: sessions that they make up, and what D thinks of how those may go on (Bai,
/// Guan & Wang 2019). Whole batches of sessions stay on the device.
package struct SessionRollOuts {
  let configuration: IRecGANConfiguration
  let itemCount: Int
  let user: UserModel
  let agent: ListAgent
  let ranks: any Collective

  /// - Parameter ranks: who share the blocks of sessions that go on together, of which each draws by
  ///   itself: others' draws are passed over. Each has all sessions, to the bit as one makes them.
  package init(
    configuration: IRecGANConfiguration, itemCount: Int, user: UserModel, agent: ListAgent,
    among ranks: any Collective = SoleCollective()
  ) {
    self.ranks = ranks
    self.configuration = configuration
    self.itemCount = itemCount
    self.user = user
    self.agent = agent
  }

  private var end: Int32 { Int32(itemCount) }
  private var backend: any Backend { user.weights.backend }
  /// Sessions at once, so that a step's logits stay below 16 MB.
  private var rows: Int { max(16, min(2_048, (4 << 20) / (itemCount + 1))) }
  /// Sessions that D reads at once, so that its lists' vectors and its gates stay near 4 MB.
  private var judgedRows: Int {
    let settings = configuration.discriminator
    let width = max(configuration.listSize * settings.embedding, 5 * settings.units)
    return max(64, (1 << 20) / (configuration.longestSession * width))
  }

  /// Sessions that begin with these items.
  package func sessions(from starts: [Int32], _ draws: inout DrawSequence) throws -> SessionLog {
    var log = SessionLog(
      name: "simulated", format: "simulated", checksum: "", itemCount: itemCount)
    let (steps, size) = (configuration.longestSession, configuration.listSize)
    let blocks = Array(stride(from: 0, to: starts.count, by: rows))
    let own = ranks.share(of: blocks.count)
    for (number, first) in blocks.enumerated() {
      guard own.contains(number) else {
        draws.skip(Self.draws(ofSteps: steps - 1))
        continue
      }
      let starts = Array(starts[first..<min(first + rows, starts.count)])
      let record = SessionRecord(
        clicks: starts, rewards: Array(repeating: 0, count: starts.count),
        lists: Array(repeating: -1, count: starts.count * size), sessions: starts.count,
        steps: steps, listSize: size, on: backend)
      let behind = states(
        behind: IndexTensor(starts, shape: [starts.count, 1], on: backend), record.lengths)
      try goOn(record, behind: behind, steps: steps - 1, &draws)
      try log.append(record)
    }
    return try log.gathered(among: ranks)
  }

  /// Sessions that D judges together: as they are, or in the ways in which they may go on.
  private struct Block {
    /// Steps that are given; nil: all.
    var length: Int?
    var sessions: [Int]
  }

  /// The prefixes of all sessions by their length, and behind them the sessions themselves.
  private func blocks(of log: SessionLog) -> [Block] {
    var prefixes: [Int: [Int]] = [:]
    for session in 0..<log.count {
      for length in 2..<max(2, log.steps(of: session).count) {
        prefixes[length, default: []].append(session)
      }
    }
    func split(_ sessions: [Int], by size: Int, length: Int?) -> [Block] {
      stride(from: 0, to: sessions.count, by: size).map {
        Block(length: length, sessions: Array(sessions[$0..<min($0 + size, sessions.count)]))
      }
    }
    let share = max(1, rows / configuration.rollOuts)
    return prefixes.sorted(by: { $0.key < $1.key }).flatMap {
      split($0.value, by: share, length: $0.key)
    } + split((0..<log.count).filter { log.steps(of: $0).count > 1 }, by: rows, length: nil)
  }

  /// q_D of every step of these sessions: the mean of D over N ways in which U and A may go on from
  /// it; of a session's last step D of the session itself.
  package func realness(
    of log: SessionLog, by discriminator: Discriminator, _ draws: inout DrawSequence
  ) throws -> [Float] {
    let (blocks, longest) = (blocks(of: log), configuration.longestSession)
    // D reads what A and U have made up, step by step.
    let own = ranks.shares(
      ofWork: blocks.map { block in
        block.sessions.count
          * (block.length.map { configuration.rollOuts * (longest + 2 * (longest - $0)) } ?? longest)
      })[ranks.rank]
    var found: [[Float]] = []
    for (number, block) in blocks.enumerated() {
      if own.contains(number) {
        found.append(
          try block.length.map {
            try meanRealness(of: block.sessions, behind: $0, in: log, by: discriminator, &draws)
          } ?? probabilities(of: record(of: block.sessions, in: log), by: discriminator))
      } else if let length = block.length {
        draws.skip(Self.draws(ofSteps: longest - length))
      }
    }
    var realness = [Float](repeating: 1, count: log.stepCount)
    for (block, values) in zip(blocks, try ranks.gather(found)) {
      for (session, value) in zip(block.sessions, values) {
        let steps = log.steps(of: session)
        realness[steps.lowerBound + (block.length ?? steps.count) - 1] = value
      }
    }
    return realness
  }

  /// The mean of D over N ways in which each of these sessions may go on from its first steps.
  private func meanRealness(
    of sessions: [Int], behind length: Int, in log: SessionLog, by discriminator: Discriminator,
    _ draws: inout DrawSequence
  ) throws -> [Float] {
    let copies = configuration.rollOuts
    let prefix = record(of: sessions, in: log, steps: length)
    let copied = IndexTensor(
      sessions.indices.flatMap { Array(repeating: Int32($0), count: copies) },
      shape: [sessions.count * copies], on: backend)
    let clicks = sessions.flatMap { log.clicks(of: $0).prefix(length) }
    let behind = states(
      behind: IndexTensor(clicks, shape: [sessions.count, length], on: backend), prefix.lengths)
    let record = prefix.repeated(copied)
    try goOn(
      record,
      behind: (behind.user.detachedRows(at: copied), behind.agent.detachedRows(at: copied)),
      steps: configuration.longestSession - length, &draws)
    let values = try probabilities(of: record, by: discriminator)
    return sessions.indices.map { row in
      values[row * copies..<(row + 1) * copies].reduce(0, +) / Float(copies)
    }
  }

  /// Sessions of a log, or their first steps, on the device.
  package func record(of sessions: [Int], in log: SessionLog, steps: Int? = nil) -> SessionRecord {
    let (limit, size) = (configuration.longestSession, configuration.listSize)
    let width = steps ?? limit
    var clicks = [Int32](repeating: -1, count: sessions.count * width)
    var rewards = [Float](repeating: 0, count: sessions.count * width)
    var lists = [Int32](repeating: -1, count: sessions.count * width * size)
    for (row, session) in sessions.enumerated() {
      for (column, step) in log.steps(of: session).prefix(width).enumerated() {
        clicks[row * width + column] = log.clicks[step]
        rewards[row * width + column] = log.rewards[step]
        for (place, item) in log.list(of: step).prefix(size).enumerated() {
          lists[(row * width + column) * size + place] = item
        }
      }
    }
    return SessionRecord(
      clicks: clicks, rewards: rewards, lists: lists, sessions: sessions.count, steps: limit,
      listSize: size, on: backend)
  }

  private func probabilities(
    of record: SessionRecord, by discriminator: Discriminator
  ) throws -> [Float] {
    let (count, t, k) = (record.clicks.shape[0], record.clicks.shape[1], record.lists.shape[2])
    let logits = stride(from: 0, to: count, by: judgedRows).map { first in
      let rows = min(judgedRows, count - first)
      func part(_ all: IndexTensor, _ width: Int, _ shape: Shape) -> IndexTensor {
        IndexTensor(
          view: all.view[first * width..<(first + rows) * width], shape: shape, on: backend)
      }
      return discriminator.logits(
        clicks: part(record.clicks, t, [rows, t]),
        lists: part(record.lists, t * k, [rows, t, k]),
        rewards: Tensor(
          view: record.rewards.view[first * t..<(first + rows) * t], shape: [rows, t], on: backend),
        lengths: part(record.lengths, 1, [rows]))
    }
    return try logits.flatMap { try $0.sigmoid().host() }
  }

  /// What U and A know behind clicks [B, T], each row of its length.
  private func states(
    behind clicks: IndexTensor, _ lengths: IndexTensor
  ) -> (user: RecurrentState, agent: RecurrentState) {
    (
      user.encoder(clicks, lengths: lengths).last, agent.encoder(clicks, lengths: lengths).last
    )
  }

  /// A list, a click and a reward a step.
  private static func draws(ofSteps steps: Int) -> Int { 3 * steps }

  /// A lists, U clicks or leaves, the click is rewarded or not: `steps` times, or until all users
  /// have left, which is asked now and then.
  private func goOn(
    _ record: SessionRecord, behind states: (user: RecurrentState, agent: RecurrentState),
    steps: Int, _ draws: inout DrawSequence
  ) throws {
    var states = states
    // Leaving stands behind the items of every list.
    let slate = IndexTensor(
      repeating: end, shape: [record.lengths.shape[0], configuration.listSize + 1], on: backend)
    for step in 0..<steps {
      agent.logits(states.agent.hidden)
        .topKRows(configuration.listSize, gumbel: draws.next(), into: slate)
      let choice = user.clickLogits(states.user.hidden, slate).topKRows(1, gumbel: draws.next())
      let item = slate.picked(choice.reshaped(record.lengths.shape))
      let reward = user.rewardLogits(states.user.hidden, item).bernoulli(draws.next())
      record.extend(item: item, reward: reward, list: slate, end: end)
      guard step + 1 < steps else { return }
      if step % 4 == 3, try !record.open.host().contains(1) {
        draws.skip(Self.draws(ofSteps: steps - step - 1))
        return
      }
      states.user = user.encoder.step(item, from: states.user)
      states.agent = agent.encoder.step(item, from: states.agent)
    }
  }
}

extension SessionLog {
  /// The sessions of all ranks, in order of rank, each of which a process made up.
  fileprivate func gathered(among ranks: any Collective) throws(CollectiveError) -> SessionLog {
    guard ranks.size > 1 else { return self }
    let sessions = try ranks.allGather(
      (0..<count).map { SIMD2(Int32(steps(of: $0).count), ended[$0] ? 1 : 0) }
    ).flatMap { $0 }
    let clicks = try ranks.allGather(clicks).flatMap { $0 }
    let rewards = try ranks.allGather(rewards).flatMap { $0 }
    let lists = try ranks.gather((0..<stepCount).map { Array(list(of: $0)) })
    var log = SessionLog(
      name: name, format: format, checksum: checksum, itemCount: itemCount)
    var step = 0
    for session in sessions {
      for _ in 0..<session.x {
        log.addStep(click: clicks[step], reward: rewards[step], list: lists[step])
        step += 1
      }
      log.endSession(ended: session.y == 1)
    }
    return log
  }

  /// Adds the sessions of a record. Waits for the device.
  fileprivate mutating func append(_ record: SessionRecord) throws {
    let (count, steps, size) = (
      record.clicks.shape[0], record.clicks.shape[1], record.lists.shape[2]
    )
    let (lengths, clicks) = (try record.lengths.host(), try record.clicks.host())
    let (rewards, lists) = (try record.rewards.host(), try record.lists.host())
    for row in 0..<count {
      let length = Int(lengths[row])
      for column in 0..<length {
        let at = row * steps + column
        addStep(
          click: clicks[at], reward: rewards[at],
          list: column == 0
            ? [] : lists[at * size..<(at + 1) * size].filter { $0 >= 0 })
      }
      endSession(ended: length < steps)
    }
  }
}
