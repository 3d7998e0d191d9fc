import Tensor

/// A policy that a world is known by: random, myopic, or the best that is known.
public struct WorldPolicy<World: FeatureEnvironments>: Sendable {
  /// What it is called in reports.
  public let name: String
  /// Whether it reads what no agent sees.
  public let readsHidden: Bool
  /// Makes what chooses for one batch from its first step on, [B, `actionWidth`].
  let begin: @Sendable () -> (World) -> [World.Action]

  /// A policy by its parts.
  ///
  /// - Parameter begin: makes what chooses for all rows of one batch, which it may remember.
  public init(
    _ name: String, readsHidden: Bool = false,
    begin: @escaping @Sendable () -> (World) -> [World.Action]
  ) {
    self.name = name
    self.readsHidden = readsHidden
    self.begin = begin
  }

  /// A policy that remembers nothing, row by row.
  init(
    _ name: String, readsHidden: Bool = false,
    choose: @escaping @Sendable (World, _ row: Int) -> [World.Action]
  ) {
    self.init(name, readsHidden: readsHidden) {
      { world in (0..<world.count).flatMap { choose(world, $0) } }
    }
  }
}

extension WorldPolicy where World.Action == Int32 {
  /// Slates of different candidates, each as likely.
  public static var random: Self {
    Self("random") { world, row in
      var random = world.rows.policyDraws(row)
      return randomSlate(
        of: world.rows.observation.layout.candidates, size: world.actionWidth, &random)
    }
  }

  /// The candidates of the highest scores, the best first; of equal ones the first.
  static func highest(
    _ name: String, readsHidden: Bool = false,
    _ scores: @escaping @Sendable (World, _ row: Int) -> [Double]
  ) -> Self {
    Self(name, readsHidden: readsHidden) { world, row in
      highestPlaces(scores(world, row), world.actionWidth)
    }
  }
}

/// Different candidates, each as likely.
package func randomSlate(of candidates: Int, size: Int, _ random: inout Philox) -> [Int32] {
  var slate: [Int32] = []
  while slate.count < size {
    let drawn = Int32(random.index(below: candidates))
    if !slate.contains(drawn) { slate.append(drawn) }
  }
  return slate
}

/// The places of the `count` highest scores, the best first; of equal ones the first.
package func highestPlaces(_ scores: [Double], _ count: Int) -> [Int32] {
  var places: [Int] = []
  places.reserveCapacity(count + 1)
  for place in scores.indices {
    if places.count == count, scores[place] <= scores[places[count - 1]] { continue }
    let rank = places.firstIndex { scores[$0] < scores[place] } ?? places.count
    places.insert(place, at: rank)
    if places.count > count { places.removeLast() }
  }
  return places.map { Int32($0) }
}

/// The slate of so many documents that maximises
///
///     (Σ w_i v_i + w_none v_none) / (Σ w_i + w_none)
///
/// exactly, by Dinkelbach's method (1967): with the ratio λ reached so far, the documents of the
/// highest w_i (v_i − λ), until λ stands still.
package func bestSlate(
  weights: [Double], values: [Double], none: (weight: Double, value: Double), size: Int
) -> [Int32] {
  func ratio(_ slate: [Int32]) -> Double {
    var (sum, weight) = (none.weight * none.value, none.weight)
    for place in slate {
      sum += weights[Int(place)] * values[Int(place)]
      weight += weights[Int(place)]
    }
    return weight > 0 ? sum / weight : 0
  }
  var slate = highestPlaces(zip(weights, values).map(*), size)
  var reached = ratio(slate)
  while true {
    let next = highestPlaces(
      weights.indices.map { weights[$0] * (values[$0] - reached) }, size)
    let found = ratio(next)
    if found <= reached { return slate }
    (slate, reached) = (next, found)
  }
}
