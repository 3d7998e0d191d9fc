import DRRCore
import DRRTestSupport
import Environments
import Tensor
import TestSupport
import Testing

/// A slate for every row, of the step's number.
private func slates(_ world: some FeatureEnvironments, _ step: Int) -> [Int32] {
  let candidates = world.rows.observation.layout.candidates
  return (0..<world.count).flatMap { row in
    (0..<world.actionWidth).map { Int32((step + row + world.rows.first + $0) % candidates) }
  }
}

/// Numbers of [−1.5, 1.5) for every row, of the step's number.
private func vectors(_ world: some FeatureEnvironments, _ step: Int) -> [Float] {
  (0..<world.count).flatMap { row in
    var random = Philox(seed: UInt64(step), stream: UInt64(row + world.rows.first))
    return (0..<world.actionWidth).map { _ in 3 * random.uniform() - 1.5 }
  }
}

/// All that is seen of one row, and what it earned.
private func seen(_ world: some FeatureEnvironments, _ row: Int) -> [Float] {
  let (rows, layout) = (world.rows, world.rows.observation.layout)
  return Array(rows.observation.user(row))
    + (0..<layout.candidates).flatMap { rows.observation.document(row, $0) }
    + (0..<layout.slate).flatMap { rows.observation.response(row, $0) }
    + [rows.rewards[row], rows.terminated[row] ? 1 : 0, rows.truncated[row] ? 1 : 0]
    + [Float(rows.steps[row]), Float(rows.episodes[row])]
}

/// What holds in every world.
private func check<World: FeatureEnvironments>(
  steps: Int, _ make: (_ count: Int, _ first: Int, _ seed: UInt64) throws -> World,
  _ actions: (World, Int) -> [World.Action]
) throws {
  // However environments are split, each goes its own way.
  var whole = try make(5, 0, 7)
  var parts = [try make(2, 0, 7), try make(3, 2, 7)]
  var ends = 0
  for step in 0..<steps {
    whole.step(actions(whole, step))
    for part in parts.indices { parts[part].step(actions(parts[part], step)) }
    for row in 0..<5 {
      #expect(seen(whole, row) == (row < 2 ? seen(parts[0], row) : seen(parts[1], row - 2)))
      if whole.rows.hasEnded(row) { ends += 1 }
    }
    whole.beginEnded()
    for part in parts.indices { parts[part].beginEnded() }
  }
  #expect(ends > 0)

  // What was saved in the midst of an episode goes on to the same bits.
  var writer = SafetensorsWriter()
  try whole.save(to: &writer, "world")
  let file = try SafetensorsFile(bytes: writer.bytes(), name: "world")
  var restored = try make(5, 0, 7)
  try restored.restore(from: file, "world")
  for step in 0..<steps {
    #expect((0..<5).allSatisfy { seen(whole, $0) == seen(restored, $0) })
    whole.step(actions(whole, step))
    restored.step(actions(restored, step))
    if step % 3 == 0 {
      whole.beginEnded()
      restored.beginEnded()
    }
  }

  // What is of other environments is refused.
  var three = try make(3, 0, 7)
  let before = seen(three, 1)
  #expect(throws: CheckpointError.self) { try three.restore(from: file, "world") }
  #expect(seen(three, 1) == before)

  // Another seed has other users; an episode's start does not depend on what was done before it.
  var (one, other) = (try make(2, 0, 7), try make(2, 0, 8))
  one.beginEpisodes()
  other.beginEpisodes()
  #expect(seen(one, 0) != seen(other, 0))
  var third = try make(2, 0, 7)
  third.step(actions(third, 0))
  third.beginEpisodes()
  #expect(seen(one, 0) == seen(third, 0))

  // An ended environment stays as it is and earns nothing.
  var still = try make(1, 0, 7)
  for step in 0... {
    still.step(actions(still, step))
    if still.rows.hasEnded(0) { break }
  }
  let last = still.rows.observation
  still.step(actions(still, 0))
  #expect(still.rows.observation == last && still.rows.rewards == [0])
}

@Suite("Worlds of simulated users")
struct SlateWorldTests {
  @Test("long-term satisfaction", arguments: [true, false]) func satisfaction(
    _ resamples: Bool
  ) throws {
    var settings = LongTermSatisfaction.Settings()
    settings.slates.resamples = resamples
    settings.timeBudget = 7
    try check(
      steps: 17,
      { try LongTermSatisfaction(settings, count: $0, first: $1, seed: $2) },
      { slates($0, $1) })
  }

  @Test("interest evolution", arguments: [true, false]) func evolution(_ resamples: Bool) throws {
    var settings = InterestEvolution.Settings()
    settings.slates.resamples = resamples
    settings.timeBudget = 30
    try check(
      steps: 47,
      { try InterestEvolution(settings, count: $0, first: $1, seed: $2) },
      { slates($0, $1) })
  }

  @Test("interest exploration", arguments: [true, false])
  func exploration(_ resamples: Bool) throws {
    var settings = InterestExploration.Settings()
    settings.slates.resamples = resamples
    settings.stepLimit = 8
    try check(
      steps: 21,
      { try InterestExploration(settings, count: $0, first: $1, seed: $2) },
      { slates($0, $1) })
  }

  @Test("VirtualTaobao") func taobao() throws {
    try RealData.with("virtual-taobao.safetensors") { path in
      let networks = try VirtualTaobaoNetworks(contentsOf: path)
      try check(
        steps: 23, { VirtualTaobao(networks, count: $0, first: $1, seed: $2) },
        { vectors($0, $1) })
      let world = VirtualTaobao(networks, count: 20, seed: 1)
      for row in 0..<20 {
        let user = Array(world.rows.observation.user(row))
        #expect(user.count == 91 && user.suffix(3) == [0, 0, 0])
        var first = 0
        for size in VirtualTaobao.groups {
          #expect(user[first..<first + size].sorted() == Array(repeating: 0, count: size - 1) + [1])
          first += size
        }
      }
    }
  }

  @Test("documents and users are drawn as RecSim draws them") func draws() throws {
    var evolution = InterestEvolution.Settings()
    evolution.slates.candidates = 100
    let world = try InterestEvolution(evolution, count: 400, seed: 2)
    var counts = [Int](repeating: 0, count: 20)
    var deviations: [Double] = []
    for row in 0..<world.count {
      let qualities = world.hidden(row).qualities
      for candidate in 0..<100 {
        let topic = Array(world.rows.observation.document(row, candidate)).firstIndex(of: 1)!
        counts[topic] += 1
        deviations.append((qualities[candidate] - evolution.topicQualities[topic]) / 0.1)
      }
    }
    #expect(
      ChiSquare.pValue(observed: counts, expected: Array(repeating: 2_000, count: 20)) > 1e-4)
    let mean = deviations.reduce(0, +) / 40_000
    let square = deviations.reduce(0) { $0 + $1 * $1 } / 40_000
    #expect(abs(mean) < 0.02 && abs(square - 1) < 0.03)
    let interests = (0..<world.count).flatMap { Array(world.rows.observation.user($0)) }
    let bins = interests.reduce(into: [Int](repeating: 0, count: 10)) {
      $0[Int(($1 + 1) * 5)] += 1
    }
    #expect(
      ChiSquare.pValue(observed: bins, expected: Array(repeating: 800, count: 10)) > 1e-4)

    let exploration = try InterestExploration(count: 4_000, seed: 3)
    // Types and topics by their shares: affinities of the two types are far apart.
    let first = (0..<4_000).count {
      exploration.hidden($0).first! < exploration.hidden($0).last!
    }
    #expect(abs(Double(first) / 4_000 - 0.3) < 0.03)
    let broad = (0..<4_000).count { exploration.rows.observation.document($0, 0).first! == 1 }
    #expect(abs(Double(broad) / 4_000 - 0.2) < 0.03)
  }

  @Test("a setting that cannot work is named with its value") func refusals() {
    func refusal(_ body: () throws -> Void) -> String? {
      do {
        try body()
        return nil
      } catch { return "\(error)" }
    }
    func satisfaction(_ change: (inout LongTermSatisfaction.Settings) -> Void) -> String? {
      var settings = LongTermSatisfaction.Settings()
      change(&settings)
      return refusal { _ = try LongTermSatisfaction(settings, count: 1, seed: 0) }
    }
    func evolution(_ change: (inout InterestEvolution.Settings) -> Void) -> String? {
      var settings = InterestEvolution.Settings()
      change(&settings)
      return refusal { _ = try InterestEvolution(settings, count: 1, seed: 0) }
    }
    func exploration(_ change: (inout InterestExploration.Settings) -> Void) -> String? {
      var settings = InterestExploration.Settings()
      change(&settings)
      return refusal { _ = try InterestExploration(settings, count: 1, seed: 0) }
    }
    #expect(
      satisfaction { _ in } == nil && evolution { _ in } == nil && exploration { _ in } == nil)
    #expect(satisfaction { $0.slates.slate = 11 } == "slate is 11; it must be 1 ... 10")
    #expect(satisfaction { $0.slates.candidates = 0 } == "candidates is 0; it must be 1 ... 10000")
    #expect(
      satisfaction { $0.memory = 1 } == "memory is 1.0; it must be 0 or more and at most 0.999")
    #expect(satisfaction { $0.sensitivity = .nan }?.hasPrefix("sensitivity is nan") == true)
    #expect(satisfaction { $0.timeBudget = 0 }?.hasPrefix("time budget is 0") == true)
    #expect(evolution { $0.topics = 1 }?.hasPrefix("topics is 1") == true)
    #expect(evolution { $0.timeBudget = 0 } == "time budget is 0.0; it must be a positive number")
    #expect(
      evolution { $0.choice = .proportional(noClick: 1, minimum: 0) }?
        .hasPrefix("minimum score is 0.0") == true)
    #expect(
      evolution { $0.choice = .exponentialCascade(attention: 0.5, scaling: 0.5) }?
        .hasPrefix("scale of scores is 0.5") == true)
    #expect(exploration { $0.types = [0.5, 0.6] }?.hasPrefix("types is [0.5, 0.6]") == true)
    #expect(exploration { $0.qualityMeans = [1] }?.hasPrefix("quality means is [1.0]") == true)
    #expect(
      exploration { $0.choice = .proportional(noClick: 1, minimum: 0) }?
        .hasPrefix("choice is") == true)
  }
}
