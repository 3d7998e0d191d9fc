import ArgumentParser
import DRR
import Kernels

extension SimulateCommand {
  struct Values: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "values", abstract: "What list policies are worth in a tabular world, exactly.",
      discussion: """
        The expected clicks of a session without a limit, by solving the policy's linear equations, \
        and beside them what so many simulated sessions come to.

        Examples:
          drr simulate values --world tabular
          drr simulate values --world irecgan-mdp.zip --sessions 4000 --json
        """)

    @Option(help: "A tabular world: tabular[:SEED], or a folder or .zip (default: tabular).")
    var world = "tabular"
    @Option(help: "Sessions that are simulated beside each value; 0: none (default: 2000).")
    var sessions = 2_000
    @Option(help: "List sizes, e.g. 1,5,10 (default: 1,2,5,10,20,50).")
    var listSizes = "1,2,5,10,20,50"
    @Option(help: "Draws the sessions (default: 1).")
    var seed: UInt64 = 1
    @OptionGroup var output: OutputOptions

    private struct Row: Encodable {
      var listSize: Int
      var policy: String
      var value: Double
      var simulated: SimulationStatistics.Mean?
    }

    func run() throws {
      let source = try WorldSource(world, on: DeviceCatalog.backend(for: .cpu))
      guard let tabular = source.world as? TabularWorld else {
        throw ValidationError("--world is \(world); it must be a tabular world.")
      }
      tabular.longestSession = 100_000
      let sizes = try wholeNumbers(listSizes, "--list-sizes")
      let progress = Progress()
      var rows: [Row] = []
      for (done, size) in sizes.enumerated() {
        guard size <= tabular.itemCount else {
          throw ValidationError(
            "--list-sizes has \(size); the world has \(tabular.itemCount) items.")
        }
        var values: [(String, [Double])] = [
          ("random", tabular.randomValue(size)),
          ("max", tabular.value(ofLists: tabular.greedyLists(size))),
          ("optimal", tabular.value(ofLists: tabular.optimalLists(size))),
        ]
        let blind = tabular.bestBlindLists(size)
        values.append(("blind", [tabular.blindValue(first: blind.first, rest: blind.rest)]))
        if size <= tabular.itemCount / 2 - tabular.itemCount / 5 {
          values.insert(("mix", tabular.mixedValue(size)), at: 2)
        }
        for (name, value) in values {
          let simulated =
            sessions == 0
            ? nil
            : try SessionSimulation.run(
              tabular, source.policy(name, listSize: size), sessions: sessions, listSize: size,
              seed: seed
            ).statistics.clicks
          rows.append(
            Row(listSize: size, policy: name, value: value[0], simulated: simulated))
        }
        progress.update(done + 1, of: sizes.count, "list sizes")
      }
      progress.finish()
      if output.json { return try Console.result(RunFolder.json(rows, pretty: true)) }
      let header = ["k", "policy", "clicks a session", "simulated", "±"]
      try Console.result(
        Table(
          rows: [header]
            + rows.map {
              [
                "\($0.listSize)", $0.policy, decimal($0.value, 4),
                $0.simulated.map { decimal($0.mean, 3) } ?? "–",
                $0.simulated.map { decimal($0.standardError, 3) } ?? "",
              ]
            }
        ).text)
    }
  }
}
