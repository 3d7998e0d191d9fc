import ArgumentParser
import DRR

/// Steps a second of the public worlds of simulated users.
struct Steps: MeasuringCommand {
  static let configuration = CommandConfiguration(
    abstract: "Time steps of the public worlds of simulated users.",
    discussion: """
      Slates and actions are drawn beforehand; all environments step on one thread, and an episode \
      that ends makes room for the next. RecSim's own worlds, in Python, stand beside them \
      (bench/peers/recsim_worlds.py).

      Examples:
        drr bench steps --threads 1
        drr bench steps --environments 1024 --weights virtual-taobao.safetensors
      """)

  @OptionGroup var measuring: MeasuringOptions
  @Option(help: "Environments that step together.")
  var environments = 64
  @Option(help: "The networks of VirtualTaobao; without them it is left out.")
  var weights: String?

  func validate() throws { try requireSizes([("environments", [environments])]) }

  func figures(in room: Room) throws -> [Figure] {
    var wide = InterestEvolution.Settings()
    wide.slates.candidates = 50
    var works = [
      try work("long-term satisfaction", LongTermSatisfaction(count: environments, seed: 1), room),
      try work("interest evolution", InterestEvolution(count: environments, seed: 1), room),
      try work(
        "interest evolution, 50 candidates", InterestEvolution(wide, count: environments, seed: 1),
        room),
      try work("interest exploration", InterestExploration(count: environments, seed: 1), room),
    ]
    if let weights {
      let world = VirtualTaobao(
        try VirtualTaobaoNetworks(contentsOf: weights), count: environments, seed: 1)
      var random = Philox(seed: 0, stream: 0)
      let actions = (0..<8).map { _ in
        (0..<environments * world.actionWidth).map { _ in 2 * random.uniform() - 1 }
      }
      works.append(work("VirtualTaobao", world, actions, room))
    }
    room.begin(1)
    room.step("steps")
    let recsim = room.peer("RecSim", "recsim_worlds.py", ["--environments", "\(environments)"])
    let (samples, answer) = try room.measure(works, beside: recsim)
    return zip(works, samples).map { work, samples in
      var figure = Figure("steps", work.name, samples, in: room)
      figure.values = ["steps/s": Double(environments) / (figure.time?.median ?? .infinity)]
      if let answer, let theirs = answer[work.name] { figure.add(peer: answer.peer, theirs) }
      return figure
    }
  }

  private func work<World: FeatureEnvironments>(
    _ name: String, _ world: World, _ room: Room
  ) -> Work where World.Action == Int32 {
    var random = Philox(seed: 0, stream: 0)
    let candidates = world.rows.observation.layout.candidates
    let slates = (0..<8).map { _ in
      (0..<environments).flatMap { _ in
        let first = random.index(below: candidates)
        return (0..<world.actionWidth).map { Int32((first + $0) % candidates) }
      }
    }
    return work(name, world, slates, room)
  }

  private func work<World: FeatureEnvironments>(
    _ name: String, _ start: World, _ actions: [[World.Action]], _ room: Room
  ) -> Work {
    var world = start
    var turn = 0
    return room.work(name) {
      turn = (turn + 1) % actions.count
      world.step(actions[turn])
      world.beginEnded()
    }
  }
}
