import ArgumentParser
import DRR
import Tensor

/// Environment steps a second of training in the simulator, by how many environments step together.
struct Environments: MeasuringCommand {
  static let configuration = CommandConfiguration(
    abstract: "Time training with 1, 8 and 64 environments.",
    discussion: """
      Once with one update after each step that the environments take together, and once with as \
      many updates as environments, so that every item has its own. The ratings are \
      generated:small, of MovieLens 100K's size.

      Examples:
        drr bench environments
        drr bench environments --environments 1 --environments 256 --json
      """)

  @OptionGroup var measuring: MeasuringOptions
  @Option(help: "Width of the hidden layers.")
  var hidden = 128
  @Option(help: "Transitions an update.")
  var batch = 64
  @Option(help: "k, the length of the vectors.")
  var dimension = 100
  @Option(help: "Environments that step together; give it again for more.")
  var environments = [1, 8, 64]
  @Option(help: "Updates a round.")
  var count = 256

  func validate() throws {
    try requireSizes([
      ("environments", environments), ("count", [count]), ("hidden", [hidden]),
      ("batch", [batch]), ("dimension", [dimension]),
    ])
  }

  func figures(in room: Room) throws -> [Figure] {
    room.begin(2 * environments.count)
    return try [false, true].flatMap { each in
      var first: Double?
      return try environments.map { number in
        let updates = each ? number : 1
        let name = "\(number) environments, \(updates) updates a step of all"
        room.step(name)
        var figure = try advance(name, number, updates: updates, in: room)
        let rate = Double(number) / (figure.time?.median ?? .infinity)
        figure.values = ["steps/s": rate, "times the first": rate / (first ?? rate)]
        first = first ?? rate
        return figure
      }
    }
  }

  private func advance(
    _ name: String, _ number: Int, updates: Int, in room: Room
  ) throws -> Figure {
    let measured = MeasuredTrainer(hidden: hidden, batch: batch, dimension: dimension)
    let trainer = try measured.make(on: room.backend) {
      $0.environments = number
      $0.updatesPerStep = updates
    }
    while trainer.step < 2 * batch + number { try trainer.advance() }
    var harness = room.harness
    harness.calls = max(count / updates, 2)
    let samples = try harness.measure([room.work(name) { try trainer.advance() }])[0]
    return Figure("environments", name, samples, in: room)
  }
}
