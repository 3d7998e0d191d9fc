import Tensor

/// States of sessions that a model rolls on.
package protocol SessionRollouts {
  /// What the session so far adds to the next reward, one a state.
  var effects: [Float] { get }
  /// Puts in the states' place those behind items that were shown and answered in some of them.
  mutating func show(_ items: [Int32], answered: [Float], after states: [Int]) throws(BackendError)
  /// Puts some of the states in the place of all.
  mutating func keep(_ states: [Int]) throws(BackendError)
}

/// Beam search for the items to show one after another: the plan of the largest Σ γᵏ (v + g) over
/// the horizon, v what an item adds by itself and g what the session before it adds. Plans that are
/// not over are compared as though g stayed as it is to their end; with a beam of all plans the best
/// one is found whatever g does.
package struct PlanSearch: Sendable {
  let beam: Int
  let horizon: Int
  let discount: Float

  /// - Parameters:
  ///   - beam: plans that are kept a session and step.
  ///   - horizon: items of a plan.
  ///   - discount: γ; 0 looks at the next reward alone.
  package init(beam: Int, horizon: Int, discount: Float) {
    self.beam = beam
    self.horizon = discount == 0 ? 1 : horizon
    self.discount = discount
  }

  private struct Plan {
    var first: Int
    var used: [Int]
    var sum: Float
    var rank: Float
  }

  /// For each session the place of the item to show first; nil where there is no candidate.
  ///
  /// - Parameters:
  ///   - candidates: of each session, with what each adds by itself.
  ///   - left: items that a session has left.
  ///   - rollouts: a state a session.
  package func best(
    _ candidates: [[(item: Int32, value: Float)]], left: Int,
    _ rollouts: inout some SessionRollouts
  ) throws(BackendError) -> [Int?] {
    let depths = candidates.map { min(horizon, left, $0.count) }
    var best = [Int?](repeating: nil, count: candidates.count)
    // One plan a session, of no items yet; states stand in the same order as plans.
    var plans = candidates.map { _ in [Plan(first: -1, used: [], sum: 0, rank: 0)] }
    var factor: Float = 1
    for depth in 0..<max(depths.max() ?? 0, 0) {
      let effects = rollouts.effects
      var shown: (items: [Int32], answers: [Float], states: [Int]) = ([], [], [])
      var next = candidates.map { _ in [Plan]() }
      var state = 0
      for session in candidates.indices {
        for plan in plans[session] {
          defer { state += 1 }
          guard depth < depths[session] else { continue }
          for (place, candidate) in candidates[session].enumerated()
          where !plan.used.contains(place) {
            let sum = plan.sum + factor * (candidate.value + effects[state])
            let first = depth == 0 ? place : plan.first
            next[session].append(
              Plan(first: first, used: plan.used + [place], sum: sum, rank: sum))
            shown.items.append(candidate.item)
            shown.answers.append(candidate.value)
            shown.states.append(state)
          }
        }
        if depth == depths[session] - 1 {
          best[session] = Self.best(next[session]).first
        }
      }
      guard depth < depths.max()! - 1 else { break }
      factor *= discount
      try rollouts.show(shown.items, answered: shown.answers, after: shown.states)
      let after = rollouts.effects
      var kept: [Int] = []
      var first = 0
      for session in candidates.indices {
        var tail: Float = 0
        var weight = factor
        for _ in depth + 1..<max(depths[session], depth + 1) {
          tail += weight
          weight *= discount
        }
        for plan in next[session].indices {
          next[session][plan].rank += tail * after[first + plan]
        }
        let order = next[session].indices.sorted {
          (-next[session][$0].rank, $0) < (-next[session][$1].rank, $1)
        }.prefix(depth < depths[session] - 1 ? beam : 0)
        kept += order.map { first + $0 }
        plans[session] = order.map { next[session][$0] }
        first += next[session].count
      }
      try rollouts.keep(kept)
    }
    return best
  }

  private static func best(_ plans: [Plan]) -> Plan {
    plans.dropFirst().reduce(plans[0]) { $1.sum > $0.sum ? $1 : $0 }
  }
}
