import DRRCore
import DRRData
import Tensor

/// Q-learning in many tables (Watkins 1989), of which this learner holds a shard: the rows whose
/// keys hash to its rank.
///
/// A round takes a block of events. Of each, every sub-state s of the items before it learns
///
///     Q(s, a) ← Q(s, a) + α (r + γ mean max Q(s', ·) − Q(s, a))
///
/// for the item a that was watched, where s' are sub-states of the state after it, as
/// ``MultiTableConfiguration/Bootstrap`` tells. The ranks split the block; each asks the owners of
/// the next sub-states for their largest Q as it was before the round, each key once, and sends
/// them its updates, which they apply in order of user, time and place. So the result does not
/// depend on how many ranks there are, to the bit.
public final class MultiTableLearner {
  /// What goes from rank to rank.
  struct Update: BitwiseCopyable, Sendable {
    var key: UInt64
    var action: UInt32
    var target: Float
  }

  let configuration: MultiTableConfiguration
  let histories: Histories
  let tables: ItemTables
  let scale: RewardScale
  let collective: any Collective
  /// The second is that of double Q.
  public let shards: [QTable]
  public internal(set) var counts = Counts()
  private let splitter: SubStateSplitter
  private let rates: StepRates
  private var batch = EventBatch()
  /// The items that may be drawn.
  private let candidates: [Int32]

  /// What was done, over all rounds of this rank.
  public struct Counts: Codable, Hashable, Sendable {
    /// Cells moved.
    public var updates = 0
    public var events = 0
    /// Sub-states of their states.
    public var subStates = 0
    /// Keys asked other ranks for, and updates sent to them.
    public var messages = 0
    /// Of `Reward.clicks`: items recommended, and those of them that were watched.
    public var recommended = 0
    public var clicked = 0

    public init() {}
  }

  public init(
    _ configuration: MultiTableConfiguration, _ histories: Histories, _ tables: ItemTables,
    scale: RewardScale, itemCount: Int, collective: any Collective
  ) {
    self.configuration = configuration
    self.histories = histories
    self.tables = tables
    self.scale = scale
    self.collective = collective
    shards = (0..<(configuration.doubleQ ? 2 : 1)).map { _ in QTable() }
    splitter = SubStateSplitter(configuration, tables)
    rates = StepRates(configuration.stepSize)
    if configuration.reward == .clicks {
      var isThere = [Bool](repeating: false, count: itemCount)
      for item in histories.items { isThere[Int(item)] = true }
      candidates = (0..<Int32(itemCount)).filter { isThere[Int($0)] }
    } else {
      candidates = []
    }
  }

  /// Rounds of one pass over the log.
  public var roundsPerEpoch: Int {
    (histories.count + configuration.roundSize - 1) / configuration.roundSize
  }

  public var roundCount: Int { roundsPerEpoch * configuration.epochs }

  /// One round, together with the other ranks.
  public func learn(round: Int) throws(CollectiveError) {
    let first = round % roundsPerEpoch * configuration.roundSize
    let count = min(configuration.roundSize, histories.count - first)
    let (rank, size) = (collective.rank, collective.size)
    let block = first + count * rank / size..<first + count * (rank + 1) / size
    let learning = learningTable(of: round)
    batch.collect(block, histories, splitter, lookedUp: lookedUp)
    let bests = try bests(batch.wantedKeys, learning)
    batch.take(bests)
    var updates: [Update] = []
    updates.reserveCapacity(batch.subStates.count)
    addUpdates(round: round, to: &updates)
    try apply(updates, learning)
    counts.events += batch.events.count
  }

  /// With double Q, which table learns in this round.
  private func learningTable(of round: Int) -> Int {
    guard configuration.doubleQ else { return 0 }
    var random = Philox(seed: configuration.seed, stream: Streams.doubleTables)
    random = Philox(key: random.key, stream: random.stream, counter: UInt64(round))
    return Int(random.nextWord() & 1)
  }

  /// Which sub-states' values a round needs.
  private var lookedUp: EventBatch.LookedUp {
    configuration.reward == .clicks || configuration.bootstrap != .actionTable
      ? .all : configuration.discount == 0 ? .none : .newest
  }

  // MARK: Values

  /// Each key's best action and what it is worth; `noAction` where the key was never met.
  private func bests(_ keys: [UInt64], _ learning: Int) throws(CollectiveError) -> [QTable.Best] {
    guard collective.size > 1 else { return keys.map { best($0, learning) } }
    var asked = [[UInt64]](repeating: [], count: collective.size)
    var places: [UInt64: Int] = [:]
    places.reserveCapacity(keys.count)
    for key in keys where places[key] == nil {
      let owner = KeyHash.shard(of: key, count: collective.size)
      places[key] = asked[owner].count
      asked[owner].append(key)
    }
    counts.messages += messages(asked)
    let received = try collective.allToAll(asked)
    let answers = try collective.allToAll(
      received.map { keys -> [QTable.Best] in keys.map { best($0, learning) } })
    return keys.map { answers[KeyHash.shard(of: $0, count: collective.size)][places[$0]!] }
  }

  /// Whether each key has a row, in whichever shard.
  func contains(_ keys: [UInt64]) throws(CollectiveError) -> [Bool] {
    var isKnown = [Bool](repeating: false, count: keys.count)
    for table in shards.indices {
      for (at, best) in try bests(keys, table).enumerated() where best.action != QTable.noAction {
        isKnown[at] = true
      }
    }
    return isKnown
  }

  @inline(__always)
  private func best(_ key: UInt64, _ learning: Int) -> QTable.Best {
    guard var best = shards[learning].best(key) else {
      return QTable.Best(value: 0, action: QTable.noAction)
    }
    if shards.count == 2 {
      best.value =
        shards[1 - learning].cell(key, best.action)?.value ?? configuration.optimisticStart ?? 0
    }
    return best
  }

  private func messages<Element>(_ parts: [[Element]]) -> Int {
    parts.enumerated().reduce(0) { $1.offset == collective.rank ? $0 : $0 + $1.element.count }
  }

  // MARK: Updates

  private func addUpdates(round: Int, to updates: inout [Update]) {
    for at in batch.events.indices {
      let event = batch.events[at]
      let reward = configuration.value(of: event.rating, on: scale)
      let isLooking = configuration.discount > 0 && !(event.isLast && configuration.endsAreTerminal)
      let common = isLooking ? configuration.discount * worth(of: event.next) : 0
      for place in event.state {
        let subState = batch.subStates[place]
        let ahead =
          isLooking && configuration.bootstrap == .sameGenre
          ? sameGenre(subState.table, event.next).map { configuration.discount * $0 } ?? common
          : common
        updates.append(
          Update(key: subState.key, action: UInt32(event.item), target: reward + ahead))
      }
      counts.subStates += event.state.count
      if configuration.reward == .clicks { addPasses(event, round: round, to: &updates) }
    }
  }

  /// The mean of the largest Q of sub-states of the next state, by their weights.
  private func worth(of next: Range<Int>) -> Float {
    let takesAll = configuration.bootstrap == .meanOfSubstates
    return mean(next) { takesAll || $0.newest == 1 } ?? 0
  }

  private func sameGenre(_ table: Int, _ next: Range<Int>) -> Float? {
    mean(next) { $0.table == table }
  }

  @inline(__always)
  private func mean(_ next: Range<Int>, _ isTaken: (SubState) -> Bool) -> Float? {
    var (sum, weights): (Float, Float) = (0, 0)
    for place in next where isTaken(batch.subStates[place]) {
      let weight = batch.subStates[place].weight
      sum += weight * value(batch.bests[place])
      weights += weight
    }
    return weights > 0 ? sum / weights : nil
  }

  /// What a state with this best action is worth.
  @inline(__always)
  private func value(_ best: QTable.Best) -> Float {
    if best.action == QTable.noAction { return configuration.optimisticStart ?? 0 }
    return configuration.optimisticStart.map { max($0, best.value) } ?? best.value
  }

  /// Recommends an item a sub-state, and teaches it that what was not watched was passed over.
  private func addPasses(_ event: EventBatch.Event, round: Int, to updates: inout [Update]) {
    var random = Philox(
      key: configuration.seed,
      stream: Streams.recommendedItems &+ UInt64(round / roundsPerEpoch) << 8,
      counter: UInt64(event.row) << 16)
    var list: [Int32] = []
    func isFree(_ item: Int32) -> Bool {
      !list.contains(item)
        && !histories.items[event.windowStart(configuration.window)..<event.row].contains(item)
    }
    for place in event.state {
      let best = batch.bests[place]
      var item: Int32?
      if random.uniform() > configuration.epsilon, best.action != QTable.noAction,
        best.value >= configuration.epsilon, isFree(Int32(best.action))
      {
        item = Int32(best.action)
      } else {
        for _ in 0..<32 where item == nil {
          let drawn = candidates[Int(random.nextWord() % UInt32(candidates.count))]
          if isFree(drawn) { item = drawn }
        }
      }
      guard let item else { continue }
      list.append(item)
      counts.recommended += 1
      if item == event.item {
        counts.clicked += 1
      } else {
        updates.append(
          Update(
            key: batch.subStates[place].key, action: UInt32(item),
            target: configuration.passReward))
      }
    }
  }

  private func apply(_ updates: [Update], _ learning: Int) throws(CollectiveError) {
    guard collective.size > 1 else { return apply(updates, to: shards[learning]) }
    var sent = [[Update]](repeating: [], count: collective.size)
    for update in updates {
      sent[KeyHash.shard(of: update.key, count: collective.size)].append(update)
    }
    counts.messages += messages(sent)
    for received in try collective.allToAll(sent) { apply(received, to: shards[learning]) }
  }

  private func apply(_ updates: [Update], to table: QTable) {
    let start = configuration.optimisticStart ?? 0
    for update in updates {
      table.learn(update.key, update.action, target: update.target, start: start) { rates[$0] }
    }
    counts.updates += updates.count
  }
}

/// α by visit, computed once.
struct StepRates {
  private let rates: [Float]
  private let stepSize: StepSize

  init(_ stepSize: StepSize) {
    self.stepSize = stepSize
    rates = (0..<4_096).map { Float(stepSize(max($0, 1))) }
  }

  @inline(__always)
  subscript(visit: UInt32) -> Float {
    visit < 4_096 ? rates[Int(visit)] : Float(stepSize(Int(visit)))
  }
}
