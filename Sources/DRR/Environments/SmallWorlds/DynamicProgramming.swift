/// What every action in every state is worth, and how it was found.
public struct ActionValues: Hashable, Sendable {
  /// The number of actions.
  public let actionCount: Int
  /// Q(s, a), state by state; 0 in terminal states.
  public var values: [Double]

  /// One value for every pair.
  public init(stateCount: Int, actionCount: Int, repeating value: Double = 0) {
    self.actionCount = actionCount
    values = Array(repeating: value, count: stateCount * actionCount)
  }

  /// The number of states, terminal ones among them.
  public var stateCount: Int { values.count / actionCount }

  /// Q(s, a).
  public subscript(state: Int, action: Int) -> Double {
    get { values[state * actionCount + action] }
    set { values[state * actionCount + action] = newValue }
  }

  /// V(s) = max_a Q(s, a).
  public func best(_ state: Int) -> Double {
    var best = values[state * actionCount]
    for action in 1..<max(actionCount, 1) { best = max(best, values[state * actionCount + action]) }
    return best
  }

  /// The action of the highest value, of equal ones the first.
  public func greedy(_ state: Int) -> Int {
    var best = 0
    for action in 1..<max(actionCount, 1) where self[state, action] > self[state, best] {
      best = action
    }
    return best
  }

  /// The largest difference of any pair.
  public func distance(to other: ActionValues) -> Double {
    zip(values, other.values).reduce(0) { max($0, abs($1.0 - $1.1)) }
  }
}

extension FiniteProcess {
  /// Q of one more step before the values V: Σ p (r + γ V(s′)).
  private func backup(_ values: [Double], discount: Double) -> ActionValues {
    var q = ActionValues(stateCount: states.count, actionCount: actions.count)
    for state in choosing {
      for action in actions.indices {
        q[state, action] = outcomes(state, action).reduce(0) { sum, outcome in
          sum + outcome.probability
            * (outcome.reward + (outcome.terminates ? 0 : discount * values[outcome.next]))
        }
      }
    }
    return q
  }

  /// Q* by value iteration (Sutton & Barto 2018, section 4.4), until no value moves by more than
  /// `tolerance`.
  public func valueIteration(
    discount: Double? = nil, tolerance: Double = 1e-12, limit: Int = 1_000_000
  ) -> (values: ActionValues, sweeps: Int) {
    let discount = discount ?? self.discount
    var values = [Double](repeating: 0, count: states.count)
    for sweep in 1...limit {
      let q = backup(values, discount: discount)
      var change = 0.0
      for state in choosing {
        change = max(change, abs(q.best(state) - values[state]))
        values[state] = q.best(state)
      }
      if change <= tolerance { return (q, sweep) }
    }
    return (backup(values, discount: discount), limit)
  }

  /// Q of a policy, which chooses action a in state s with probability policy(s, a), to
  /// `tolerance`.
  public func evaluation(
    of policy: (_ state: Int, _ action: Int) -> Double, discount: Double? = nil,
    tolerance: Double = 1e-12, limit: Int = 1_000_000
  ) -> ActionValues {
    let discount = discount ?? self.discount
    var values = [Double](repeating: 0, count: states.count)
    for _ in 0..<limit {
      let q = backup(values, discount: discount)
      var change = 0.0
      for state in choosing {
        let value = actions.indices.reduce(0) { $0 + policy(state, $1) * q[state, $1] }
        change = max(change, abs(value - values[state]))
        values[state] = value
      }
      if change <= tolerance { break }
    }
    return backup(values, discount: discount)
  }

  /// States on the way that the most probable outcomes of greedy actions lead, at most `limit`
  /// steps.
  public func greedyPath(_ q: ActionValues, limit: Int = 100) -> [Int] {
    var path = [start]
    while path.count <= limit {
      let likely = outcomes(path.last!, q.greedy(path.last!)).max {
        $0.probability < $1.probability
      }!
      path.append(likely.next)
      if likely.terminates || path.dropLast().contains(likely.next) { break }
    }
    return path
  }
}
