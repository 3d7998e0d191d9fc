extension TabularWorld {
  /// The lists of the `size` highest rewards, one a state, best first: not the best lists where
  /// more than one item is shown, as low rewards in a list turn looks to its best.
  public func greedyLists(_ size: Int) -> [[Int]] { rankedItems.map { Array($0.prefix(size)) } }

  /// The lists, one a state, of the policy that earns most clicks in sessions without a limit, by
  /// policy iteration: for given values of the next states, a state's best list maximises
  /// Σ r_i q_i / Σ r_i over its items, which is the top of r_i (q_i − λ) at λ its own value
  /// (Dinkelbach 1967).
  public func optimalLists(_ size: Int) -> [[Int]] {
    var lists = greedyLists(size)
    var values = value(ofLists: lists)
    while values.allSatisfy(\.isFinite) {
      let better = (0..<stateCount).map { bestList($0, gains($0, values), size) }
      let reached = value(ofLists: better)
      let gain = zip(reached, values).map { $0 - $1 }.max() ?? 0
      if gain <= 1e-12 * (values.max() ?? 0) { break }
      (lists, values) = (better, reached)
    }
    return lists
  }

  /// q_i: the probability of a click on an item that is looked at, times 1 and what follows.
  private func gains(_ state: Int, _ values: [Double]) -> [Double] {
    (0..<itemCount).map { item in
      reward(state, item) * zip(next(state, item), values).reduce(1) { $0 + $1.0 * $1.1 }
    }
  }

  private func bestList(_ state: Int, _ gains: [Double], _ size: Int) -> [Int] {
    var (list, value) = ([Int](), 0.0)
    for _ in 0..<100 {
      let worth = (0..<itemCount).map { reward(state, $0) * (gains[$0] - value) }
      list = Array((0..<itemCount).sorted { (worth[$1], $0) < (worth[$0], $1) }.prefix(size))
      let total = list.reduce(0) { $0 + reward(state, $1) }
      if total == 0 { return list }
      let better = list.reduce(0) { $0 + reward(state, $1) * gains[$1] } / total
      if abs(better - value) <= 1e-14 * better { break }
      value = better
    }
    return list.sorted { (gains[$1], $0) < (gains[$0], $1) }
  }

  /// The best list that is shown in every state, by its value in state 0: exact for one item,
  /// otherwise the best that is found from several starts by exchanging one item for another as
  /// long as that gains.
  public func bestConstantList(_ size: Int) -> [Int] {
    let starts = [byMean(size, size)] + [1, 2, size / 4, size / 2].map { byMean($0, size) }
    return bestExchange(starts + optimalLists(size)) { self.constantValue($0) }
  }

  /// The best first list for state 0, where every session starts, and the list that is best to be
  /// shown ever after, found like ``bestConstantList(_:)``.
  ///
  /// This policy looks at nothing. A policy that sees clicks, and not states, may learn from them
  /// where the user is, and earn more: the value bounds from below what such a policy can reach, as
  /// the optimal lists' value does from above.
  public func bestBlindLists(_ size: Int) -> (first: [Int], rest: [Int]) {
    var rest = bestConstantList(size)
    var first = rest
    var value = -Double.infinity
    while true {
      let after = self.value(ofLists: Array(repeating: rest, count: stateCount))
      first = bestList(0, gains(0, after), size)
      let reached = blindValue(first: first, rest: rest)
      if reached <= value * (1 + 1e-12) || !reached.isFinite { return (first, rest) }
      value = reached
      rest = bestExchange([rest]) { self.blindValue(first: first, rest: $0) }
    }
  }

  /// Expected clicks from state 0 with the same list in every state.
  public func constantValue(_ list: [Int]) -> Double {
    value(ofLists: Array(repeating: list, count: stateCount))[0]
  }

  /// Expected clicks from state 0 with one list first and another at every later step.
  public func blindValue(first: [Int], rest: [Int]) -> Double {
    let after = value(ofLists: Array(repeating: rest, count: stateCount))
    let gains = gains(0, after)
    return zip(looks(at: [first])[0], gains).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// The items of the highest mean reward, and below `good` of them the lowest, which turn looks to
  /// the good ones.
  private func byMean(_ good: Int, _ size: Int) -> [Int] {
    let means = (0..<itemCount).map { item in
      (0..<stateCount).reduce(0) { $0 + reward($1, item) }
    }
    let ranked = (0..<itemCount).sorted { (means[$1], $0) < (means[$0], $1) }
    let good = min(max(good, 1), size)
    return Array(ranked.prefix(good) + ranked.suffix(size - good))
  }

  private func bestExchange(_ starts: [[Int]], _ value: ([Int]) -> Double) -> [Int] {
    var best = (list: [Int](), value: -Double.infinity)
    for start in starts {
      let found = exchanging(start, value)
      if found.value > best.value { best = found }
    }
    return best.list
  }

  private func exchanging(
    _ start: [Int], _ value: ([Int]) -> Double
  ) -> (list: [Int], value: Double) {
    var list = start
    var reached = value(list)
    var gained = true
    while gained {
      gained = false
      for place in list.indices {
        for item in 0..<itemCount where !list.contains(item) {
          let old = list[place]
          list[place] = item
          let other = value(list)
          if other > reached * (1 + 1e-12) {
            (reached, gained) = (other, true)
          } else {
            list[place] = old
          }
        }
      }
    }
    return (list, reached)
  }
}
