/// What ranks hold parts of, in the order that one who holds all has it in.
extension Collective {
  /// Where each user's things begin among those of all users, in the order of users, and behind them
  /// how many there are.
  ///
  /// - Parameter counts: by user, how many this rank holds.
  package func offsets(of counts: [Int]) throws(CollectiveError) -> [Int] {
    var offsets = [0]
    offsets.reserveCapacity(counts.count + 1)
    // Whole numbers of this size are exact.
    for count in try allReduce(counts.map(Double.init)) {
      offsets.append(offsets.last! + Int(count))
    }
    return offsets
  }

  /// The sum of so many numbers, each added to those of the places before it: the bits of one rank
  /// that holds them all.
  ///
  /// - Parameters:
  ///   - values: those that this rank holds.
  ///   - places: where each is, of 0 ..< `count`; each is held by one rank.
  package func sumInOrder(
    _ values: [Float], at places: [Int32], count: Int
  ) throws(CollectiveError) -> Double {
    // Few at a time, so that none holds them all.
    let block = 1 << 20
    var sum = 0.0
    for first in stride(from: 0, to: count, by: block) {
      let range = first..<min(first + block, count)
      let own = places.indices.filter { range.contains(Int(places[$0])) }
      let found = try allGather(own.map { values[$0] })
      let at = try allGather(own.map { places[$0] })
      var ordered = [Float](repeating: 0, count: range.count)
      for (values, places) in zip(found, at) {
        for (value, place) in zip(values, places) { ordered[Int(place) - first] = value }
      }
      for value in ordered { sum += Double(value) }
    }
    return sum
  }
}
