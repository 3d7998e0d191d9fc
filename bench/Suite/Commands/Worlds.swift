import ArgumentParser
import DRR

/// Steps a second of the public worlds of simulated users.
struct Worlds: MeasuringCommand {
  static let configuration = CommandConfiguration(
    abstract: "Time steps of the public worlds of simulated users.",
    discussion: """
      Slates and actions are drawn beforehand; all environments step on one thread, and an episode \
      that ends makes room for the next. Figures of RecSim 0.2.4 on one core stand beside them: \
      3,643 steps a second of interest evolution and 13,443 of long-term satisfaction.

      Examples:
        drr bench worlds --threads 1
        drr bench worlds --environments 1024 --weights virtual-taobao.safetensors
      """)

  @OptionGroup var measuring: MeasuringOptions
  @Option(help: "Environments that step together.")
  var environments = 64
  @Option(help: "The networks of VirtualTaobao; without them it is left out.")
  var weights: String?

  func validate() throws { try requireSizes([("environments", [environments])]) }

  func figures(in room: Room) throws -> [Figure] {
    room.begin(weights == nil ? 4 : 5)
    var wide = InterestEvolution.Settings()
    wide.slates.candidates = 50
    var figures = [
      try figure(
        "long-term satisfaction", LongTermSatisfaction(count: environments, seed: 1), 13_443, room),
      try figure(
        "interest evolution", InterestEvolution(count: environments, seed: 1), 3_643, room),
      try figure(
        "interest evolution, 50 candidates", InterestEvolution(wide, count: environments, seed: 1),
        nil, room),
      try figure(
        "interest exploration", InterestExploration(count: environments, seed: 1), nil, room),
    ]
    if let weights {
      let world = VirtualTaobao(
        try VirtualTaobaoNetworks(contentsOf: weights), count: environments, seed: 1)
      var random = Philox(seed: 0, stream: 0)
      let actions = (0..<8).map { _ in
        (0..<environments * world.actionWidth).map { _ in 2 * random.uniform() - 1 }
      }
      figures.append(try figure("VirtualTaobao", world, actions, nil, room))
    }
    return figures
  }

  private func figure<World: FeatureEnvironments>(
    _ name: String, _ world: World, _ recsim: Double?, _ room: Room
  ) throws -> Figure where World.Action == Int32 {
    var random = Philox(seed: 0, stream: 0)
    let candidates = world.rows.observation.layout.candidates
    let slates = (0..<8).map { _ in
      (0..<environments).flatMap { _ in
        let first = random.index(below: candidates)
        return (0..<world.actionWidth).map { Int32((first + $0) % candidates) }
      }
    }
    return try figure(name, world, slates, recsim, room)
  }

  private func figure<World: FeatureEnvironments>(
    _ name: String, _ start: World, _ actions: [[World.Action]], _ recsim: Double?, _ room: Room
  ) throws -> Figure {
    room.step(name)
    var world = start
    var turn = 0
    let samples = try room.harness.measure([
      room.work(name) {
        turn = (turn + 1) % actions.count
        world.step(actions[turn])
        world.beginEnded()
      }
    ])[0]
    var figure = Figure("worlds", name, samples, in: room)
    let rate = Double(environments) / (figure.time?.median ?? .infinity)
    figure.values = ["steps/s": rate]
    if let recsim { figure.values?["times RecSim"] = rate / recsim }
    return figure
  }
}
