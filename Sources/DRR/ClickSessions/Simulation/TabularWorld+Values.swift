import Platform

/// Exact policy evaluation: expected clicks of a session without a limit on its length.
extension TabularWorld {
  /// V(s) = Σ_i w(s, i) r(s, i) (1 + Σ_s' P(s' | s, i) V(s')), from each state; infinite where
  /// users never leave.
  ///
  /// - Parameter looks: [states][items], the probability w(s, i) that a list makes the user of
  ///   state s look at item i.
  public func value(ofLooks looks: [[Double]]) -> [Double] {
    let count = stateCount
    // (I − T) V = c.
    var rows = (0..<count).map { state in
      var row = (0...count).map { $0 == state ? 1.0 : 0 }
      for item in 0..<itemCount where looks[state][item] > 0 {
        let click = looks[state][item] * reward(state, item)
        row[count] += click
        for (place, share) in next(state, item).enumerated() { row[place] -= click * share }
      }
      return row
    }
    for column in 0..<count {
      let pivot = (column..<count).max { abs(rows[$0][column]) < abs(rows[$1][column]) }!
      rows.swapAt(column, pivot)
      if abs(rows[column][column]) < 1e-13 { return Array(repeating: .infinity, count: count) }
      for row in 0..<count where row != column && rows[row][column] != 0 {
        let factor = rows[row][column] / rows[column][column]
        for place in column...count { rows[row][place] -= factor * rows[column][place] }
      }
    }
    return (0..<count).map { rows[$0][count] / rows[$0][$0] }
  }

  /// From each state, of a policy with one list a state.
  public func value(ofLists lists: [[Int]]) -> [Double] { value(ofLooks: looks(at: lists)) }

  /// w(s, i) = r(s, i) / Σ_j r(s, j) over the list of s.
  public func looks(at lists: [[Int]]) -> [[Double]] {
    lists.enumerated().map { state, list in
      var row = [Double](repeating: 0, count: itemCount)
      let total = list.reduce(0) { $0 + reward(state, $1) }
      for item in list where total > 0 { row[item] = reward(state, item) / total }
      return row
    }
  }

  /// w(s, i) of lists of `size` different items drawn uniformly from the items of each state's
  /// pool.
  ///
  /// Exact up to rounding, without enumeration: the mean of 1 / (r_i + S) over the sums S of the
  /// others is ∫ e^(−t r_i) E[e^(−tS)] dt, and E[e^(−tS)] is a ratio of elementary symmetric
  /// polynomials of e^(−t r_j).
  public func looks(atRandom size: Int, from pools: [[Int]]) -> [[Double]] {
    pools.enumerated().map { state, pool in
      var row = [Double](repeating: 0, count: itemCount)
      let values = pool.map { reward(state, $0) }
      for (place, item) in pool.enumerated() where values[place] > 0 {
        let others = values.enumerated().filter { $0.offset != place }.map(\.element)
        let mean = Self.integral { time in
          exp(-time * values[place]) * Self.meanDecay(of: others, size - 1, time)
        }
        row[item] = Double(size) / Double(pool.count) * values[place] * mean
      }
      return row
    }
  }

  /// Of lists of `size` different items drawn uniformly anew at each step, from each state.
  public func randomValue(_ size: Int) -> [Double] {
    value(
      ofLooks: looks(
        atRandom: size, from: Array(repeating: Array(0..<itemCount), count: stateCount)))
  }

  /// Of ``MixedLists``: by a coin the best items, or a draw from those ranked n/5 ..< n/2.
  public func mixedValue(_ size: Int) -> [Double] {
    let ranked = rankedItems
    let best = looks(at: ranked.map { Array($0.prefix(size)) })
    let middle = looks(
      atRandom: size, from: ranked.map { Array($0[itemCount / 5..<itemCount / 2]) })
    return value(
      ofLooks: zip(best, middle).map { zip($0, $1).map { 0.5 * $0 + 0.5 * $1 } })
  }

  /// Of each state, best first; the lower number first among equals.
  var rankedItems: [[Int]] {
    (0..<stateCount).map { state in
      (0..<itemCount).sorted { (reward(state, $1), $0) < (reward(state, $0), $1) }
    }
  }

  /// The mean of e^(−tS) over the sums S of `size` of the values.
  private static func meanDecay(of values: [Double], _ size: Int, _ time: Double) -> Double {
    // means[j]: over the choices of j of the values so far.
    var means = [1.0] + Array(repeating: 0, count: size)
    for (before, value) in values.enumerated() {
      let factor = exp(-time * value)
      let count = Double(before + 1)
      for chosen in (1...max(size, 1)).reversed() where chosen <= min(size, before + 1) {
        let share = Double(chosen) / count
        means[chosen] = (1 - share) * means[chosen] + share * factor * means[chosen - 1]
      }
    }
    return means[size]
  }

  /// ∫ f over (0, ∞) by the double exponential rule t = e^(π/2 sinh x) (Takahasi & Mori 1974).
  private static func integral(_ function: (Double) -> Double) -> Double {
    let step = 1.0 / 24
    return (-110...110).reduce(0) { sum, place in
      let x = step * Double(place)
      let time = exp(.pi / 2 * sinh(x))
      return sum + function(time) * time * .pi / 2 * cosh(x) * step
    }
  }
}
