import ArgumentParser
import DRR
import Kernels

extension SimulateCommand {
  struct Values: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "values", abstract: "Values of list policies in a tabular simulator, exactly.",
      usage: "drr simulate values [<options>]",
      discussion: """
        The expected clicks of a session without a limit, by solving the policy's linear equations, \
        and beside them the mean of simulated sessions.

        Examples:
          drr simulate values --env tabular
          drr simulate values --env tabular:7 --sessions 4000 --json
        """)

    @Option(
      help: ArgumentHelp(
        "A tabular simulator: tabular[:SEED], or a folder or .zip.", valueName: "simulator"),
      completion: .file())
    var env = "tabular"
    @Option(help: "Sessions that are simulated beside each value; 0: none.")
    var sessions = 2_000
    @Option(help: ArgumentHelp("List sizes.", valueName: "k,k,..."))
    var listSizes = "1,2,5,10,20,50"
    @OptionGroup var random: SeedOption
    @OptionGroup var output: OutputOptions

    func validate() throws {
      if sessions < 0 { throw ValidationError("--sessions is \(sessions); it must be 0 or more.") }
    }

    private struct Row: Encodable {
      var listSize: Int
      var policy: String
      var value: Double
      var simulated: SimulationStatistics.Mean?
    }

    func run() throws {
      let source = try WorldSource(env, on: DeviceCatalog.backend(for: .cpu))
      guard let tabular = source.world as? TabularWorld else {
        throw ValidationError(
          "--env is \(env), which is not tabular; use tabular[:SEED] or its files.")
      }
      tabular.longestSession = 100_000
      let sizes = try wholeNumbers(listSizes, "--list-sizes")
      let progress = Progress()
      var rows: [Row] = []
      for (done, size) in sizes.enumerated() {
        guard size <= tabular.itemCount else {
          throw ValidationError(
            "--list-sizes has \(size), but the simulator has \(tabular.itemCount) items; lower it.")
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
              seed: random.seed
            ).statistics.clicks
          rows.append(
            Row(listSize: size, policy: name, value: value[0], simulated: simulated))
        }
        progress.update(done + 1, of: sizes.count, "list sizes")
      }
      progress.finish()
      let header = ["k", "policy", "clicks a session", "simulated", "±"]
      try output.print(
        rows,
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
