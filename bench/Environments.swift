import ArgumentParser
import DRR
import Kernels
import Tensor

/// Environment steps a second of training in the simulator, by how many environments step together.
struct Environments: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Time training with 1, 8 and 64 environments.",
    discussion: """
      Once with one update after each step that the environments take together, and once with as \
      many updates as environments, so that every item has its own. The ratings are \
      generated:small, of MovieLens 100K's size.

      Examples:
        swift run -c release bench environments
        swift run -c release bench environments --environments 1 --environments 256 --json
      """)

  @OptionGroup var training: TrainerOptions
  @Option(help: "Environments that step together; give it again for more.")
  var environments = [1, 8, 64]
  @Option(help: "Updates a round.")
  var count = 256
  @Option(help: "Rounds; the median is reported.")
  var rounds = 5
  @Flag(help: "Print JSON.")
  var json = false

  struct Row: Encodable {
    var device: String
    var environments: Int
    var updatesPerStep: Int
    var stepsPerSecond: Double
    /// Over the first number of environments.
    var ratio: Double
  }

  func run() throws {
    let backend = try training.backend()
    var rows: [Row] = []
    for each in [false, true] {
      var first: Double?
      for number in environments {
        let updates = each ? number : 1
        let rate = try stepsPerSecond(number, updates: updates, on: backend)
        rows.append(
          Row(
            device: "\(backend.device.id): \(backend.device.name)", environments: number,
            updatesPerStep: updates, stepsPerSecond: rate, ratio: rate / (first ?? rate)))
        first = first ?? rate
      }
    }
    if json { return print(try RunFolder.json(rows, pretty: true)) }
    print("\(rows[0].device); median of \(rounds) rounds of \(count) updates")
    for row in rows {
      print(
        "\(row.environments) environments, \(row.updatesPerStep) updates a step of all: "
          + "\(decimal(row.stepsPerSecond, 0)) environment steps/s, \(decimal(row.ratio, 1)) times")
    }
  }

  private func stepsPerSecond(
    _ environments: Int, updates: Int, on backend: any Backend
  ) throws -> Double {
    let trainer = try training.trainer(on: backend) {
      $0.environments = environments
      $0.updatesPerStep = updates
    }
    while trainer.step < 2 * training.batch + environments { try trainer.advance() }
    let calls = max(count / updates, 2)
    let rates = try (0..<rounds).map { _ in
      let start = ContinuousClock.now
      for _ in 0..<calls { try trainer.advance() }
      try backend.synchronize()
      return Double(calls * environments) / (ContinuousClock.now - start).seconds
    }
    return rates.sorted()[rates.count / 2]
  }
}
