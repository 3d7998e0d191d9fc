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
  ///
  /// It bounds from below what somebody can earn who sees the clicks and not the state: that a
  /// session starts in state 0, and what clicks tell of the state, may earn more.
  public func bestConstantList(_ size: Int) -> [Int] {
    let means = (0..<itemCount).map { item in
      (0..<stateCount).reduce(0) { $0 + reward($1, item) }
    }
    let byMean = (0..<itemCount).sorted { (means[$1], $0) < (means[$0], $1) }
    let starts =
      [Array(byMean.prefix(size))]
      // A few good items among the poorest, which draw the looks to them.
      + [1, 2, size / 4, size / 2].filter { $0 > 0 && $0 < size }.map {
        Array(byMean.prefix($0) + byMean.suffix(size - $0))
      } + optimalLists(size)
    var best = (list: [Int](), value: -Double.infinity)
    for start in starts {
      let found = exchanging(start)
      if found.value > best.value { best = found }
    }
    return best.list.sorted { (means[$1], $0) < (means[$0], $1) }
  }

  private func exchanging(_ start: [Int]) -> (list: [Int], value: Double) {
    var list = start
    var value = constantValue(list)
    var gained = true
    while gained {
      gained = false
      for place in list.indices {
        for item in 0..<itemCount where !list.contains(item) {
          let old = list[place]
          list[place] = item
          let other = constantValue(list)
          if other > value * (1 + 1e-12) {
            (value, gained) = (other, true)
          } else {
            list[place] = old
          }
        }
      }
    }
    return (list, value)
  }

  /// Expected clicks from state 0 with the same list in every state.
  public func constantValue(_ list: [Int]) -> Double {
    value(ofLists: Array(repeating: list, count: stateCount))[0]
  }
}
