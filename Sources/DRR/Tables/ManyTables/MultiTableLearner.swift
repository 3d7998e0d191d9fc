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
  let configuration: MultiTableConfiguration
  let histories: Histories
  let tables: ItemTables
  let scale: RewardScale
  let collective: any Collective
  /// The second is that of double Q.
  public let shards: [QTable]
  public internal(set) var counts = Counts()
  private let owners: KeyOwners
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
    owners = KeyOwners(collective)
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
    let share = collective.share(of: count)
    let learning = learningTable(of: round)
    batch.collect(
      first + share.lowerBound..<first + share.upperBound, histories, splitter, lookedUp: lookedUp)
    batch.take(try bests(batch.wantedKeys, learning))
    addUpdates(round: round)
    try owners.deliver { apply($0, to: shards[learning]) }
    counts.events += batch.events.count
    counts.messages += owners.takeMessages()
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
    try owners.bests(keys) { best($0, learning) }
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

  // MARK: Updates

  private func addUpdates(round: Int) {
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
        owners.add(
          .init(key: subState.key, action: UInt32(event.item), target: reward + ahead))
      }
      counts.subStates += event.state.count
      if configuration.reward == .clicks { addPasses(event, round: round) }
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
  private func addPasses(_ event: EventBatch.Event, round: Int) {
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
        owners.add(
          .init(
            key: batch.subStates[place].key, action: UInt32(item),
            target: configuration.passReward))
      }
    }
  }

  private func apply(_ updates: UnsafeMutableBufferPointer<KeyOwners.Update>, to table: QTable) {
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
