import Agents
import DRRCore
import DRRData
import Environments
import Factorization
import Tensor

/// An agent that plans on a learned model of sessions: of the items of the largest affinity it looks
/// for the plan that earns most by the model (``PlanSearch``), shows its first item, and plans anew
/// once that is answered. It sees items shown and rewards earned, and nothing else of a simulator.
///
/// The model is an ensemble of ``SessionModel``; what its members predict is averaged (deep
/// ensembles: Lakshminarayanan et al. 2017), and `caution` takes off some of what they differ by.
/// What a user thinks of an item is an ``Affinity``, which takes in each answer, (e − β − g) / α.
public final class Planner: SessionAgent {
  /// The settings.
  public let configuration: PlanningConfiguration
  package let members: [SessionModel]
  package let affinity: Affinity
  public let backend: any Backend
  public let items: Tensor
  public let discount: Float
  /// T, the items of a session; no plan goes beyond.
  private let sessionLength: Int
  private var beliefs: [Int32: Belief] = [:]

  package init(
    _ configuration: PlanningConfiguration, _ affinity: Affinity, sessionLength: Int,
    seed: UInt64, on backend: any Backend
  ) {
    self.configuration = configuration
    self.affinity = affinity
    self.backend = backend
    self.sessionLength = sessionLength
    discount = configuration.discount
    items = Tensor(
      affinity.itemVectors(), shape: [affinity.beliefs.itemCount, affinity.itemWidth], on: backend)
    members = (0..<configuration.members).map {
      SessionModel(
        itemCount: affinity.beliefs.itemCount, width: configuration.width,
        units: configuration.units, member: $0, seed: seed, on: backend)
    }
  }

  public var policy: [(name: String, weights: ParameterSet)] {
    members.enumerated().map { ("model.\($0)", $1.parameters) }
  }
  public var hasCritic: Bool { false }

  /// Sessions that have shown as many items, and what the members know of them.
  private struct Group {
    var rows: [Int]
    var shown: Int
    var states: [RecurrentState]
    /// [T] of [rows]: the answers, as the affinity takes them in.
    var answers: [[Float]]
  }

  /// Follows sessions through the model.
  private func follow(_ states: [SessionState]) throws(BackendError) -> [Group] {
    let response = try response()
    var groups: [Group] = []
    let lengths = Dictionary(grouping: states.indices) { states[$0].feedback.count }
    for length in lengths.keys.sorted() {
      let rows = lengths[length]!
      var group = Group(
        rows: rows, shown: length, states: members.map { $0.start(rows.count) }, answers: [])
      var effects: [Tensor] = []
      for step in 0..<length {
        let seen = rows.map { states[$0].feedback[step] }
        let shown = IndexTensor(seen.map(\.item), shape: [rows.count], on: backend)
        let earned = Tensor(seen.map(\.reward), shape: [rows.count, 1], on: backend)
        let added = zip(members, group.states).map { $0.effect($1) }
        effects.append(Self.mean(added))
        for member in members.indices {
          group.states[member] = members[member].step(
            group.states[member], showing: shown, answered: earned - added[member])
        }
      }
      for (step, effect) in effects.enumerated() {
        group.answers.append(
          zip(rows, try effect.host()).map { row, effect in
            let answer =
              (states[row].feedback[step].reward - response.offset - effect) / response.scale
            return min(max(answer, -1), 1)
          })
      }
      groups.append(group)
    }
    return groups
  }

  private static func mean(_ parts: [Tensor]) -> Tensor {
    parts.dropFirst().reduce(parts[0], +).affine(scale: 1 / Float(parts.count))
  }

  /// α, away from 0, and β, on the ensemble's average.
  private func response() throws(BackendError) -> (scale: Float, offset: Float) {
    var (scale, offset) = (Float(0), Float(0))
    for member in members {
      let own = try member.responseWeights()
      scale += own.scale / Float(members.count)
      offset += own.offset / Float(members.count)
    }
    return (max(scale, 0.1), offset)
  }

  /// [B, A]: the affinity's vectors.
  private func vectors(_ states: [SessionState], _ groups: [Group]) -> Tensor {
    for user in Set(states.map(\.user)) where beliefs[user] == nil {
      beliefs[user] = affinity.belief(of: user)
    }
    let known = states.map { beliefs[$0.user]! }
    var answers = [[Float]](repeating: [], count: states.count)
    for group in groups {
      for (place, row) in group.rows.enumerated() { answers[row] = group.answers.map { $0[place] } }
    }
    let vectors = concurrentMap(states.count) { [affinity, answers] row in
      var belief = known[row]
      for (seen, answer) in zip(states[row].feedback, answers[row]) {
        affinity.observe(seen.item, answer, by: &belief)
      }
      return affinity.vector(belief, user: states[row].user)
    }
    return Tensor(
      vectors.flatMap { $0 }, shape: [states.count, affinity.itemWidth], on: backend)
  }

  /// The affinity alone, which orders items as a plan of one item would.
  public func act(_ states: [SessionState]) -> Tensor {
    // A device that failed says so at the next read.
    vectors(states, (try? follow(states)) ?? [])
  }

  public func pick(
    _ states: [SessionState], allowed: DeviceMask
  ) throws(BackendError) -> [Int32] {
    let groups = try follow(states)
    let response = try response()
    let width = min(configuration.candidates, itemCount)
    let ranking = vectors(states, groups).topK(width, items: items, allowed: allowed)
    let (found, scores) = (try ranking.items.host(), try ranking.scores.host())
    var picks = [Int32](repeating: -1, count: states.count)
    let search = PlanSearch(
      beam: configuration.beam, horizon: configuration.horizon, discount: discount)
    for group in groups {
      let candidates = group.rows.map { row in
        (row * width..<(row + 1) * width).filter { found[$0] >= 0 }.map {
          (item: found[$0], value: response.scale * scores[$0] + response.offset)
        }
      }
      var rollouts = try Rollouts(members, group.states, caution: configuration.caution)
      let left = sessionLength - group.shown
      let best = try search.best(
        candidates, left: left > 0 ? left : configuration.horizon, &rollouts)
      for (place, row) in group.rows.enumerated() {
        if let first = best[place] { picks[row] = candidates[place][first].item }
      }
    }
    return picks
  }

  /// The reward that is expected of each item next.
  public func value(
    of actions: Tensor, picking picks: [Int32], in states: [SessionState]
  ) throws -> [Float] {
    let response = try response()
    let scores = try actions.rowDot(
      items.detachedRows(at: IndexTensor(picks, shape: [picks.count], on: backend))
    ).host()
    var values = scores.map { response.scale * $0 + response.offset }
    for group in try follow(states) {
      let rollouts = try Rollouts(members, group.states, caution: 0)
      for (place, row) in group.rows.enumerated() { values[row] += rollouts.effects[place] }
    }
    return values
  }

  /// The same agent with another γ.
  package func discounting(_ discount: Float) -> Planner {
    var configuration = configuration
    configuration.discount = discount
    return Planner(configuration, like: self)
  }

  private init(_ configuration: PlanningConfiguration, like other: Planner) {
    self.configuration = configuration
    affinity = other.affinity
    backend = other.backend
    sessionLength = other.sessionLength
    discount = configuration.discount
    items = other.items
    members = other.members
  }
}

/// The ensemble's states; an effect is the members' mean less `caution` of their standard
/// deviations.
private struct Rollouts: SessionRollouts {
  private let members: [SessionModel]
  private var states: [RecurrentState]
  private let caution: Float
  private(set) var effects: [Float] = []

  init(
    _ members: [SessionModel], _ states: [RecurrentState], caution: Float
  ) throws(BackendError) {
    (self.members, self.states, self.caution) = (members, states, caution)
    try read()
  }

  private mutating func read() throws(BackendError) {
    var all: [[Float]] = []
    for (member, state) in zip(members, states) { all.append(try member.effect(state).host()) }
    let count = Float(members.count)
    effects = all[0].indices.map { row in
      let mean = all.reduce(0) { $0 + $1[row] } / count
      guard caution > 0 else { return mean }
      let spread = all.reduce(0) { $0 + ($1[row] - mean) * ($1[row] - mean) } / count
      return mean - caution * spread.squareRoot()
    }
  }

  mutating func show(
    _ items: [Int32], answered: [Float], after rows: [Int]
  ) throws(BackendError) {
    let backend = members[0].parameters.backend
    let index = IndexTensor(rows.map { Int32($0) }, shape: [rows.count], on: backend)
    let shown = IndexTensor(items, shape: [items.count], on: backend)
    let answers = Tensor(answered, shape: [answered.count, 1], on: backend)
    for member in members.indices {
      states[member] = members[member].step(
        states[member].detachedRows(at: index), showing: shown, answered: answers)
    }
    try read()
  }

  mutating func keep(_ rows: [Int]) throws(BackendError) {
    let index = IndexTensor(
      rows.map { Int32($0) }, shape: [rows.count], on: members[0].parameters.backend)
    states = states.map { $0.detachedRows(at: index) }
    effects = rows.map { effects[$0] }
  }
}
