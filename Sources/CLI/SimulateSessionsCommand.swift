import ArgumentParser
import DRR
import Kernels
import Tensor

extension SessionLog.OutputFormat: ExpressibleByArgument {}

extension SimulateCommand {
  struct Sessions: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "sessions", abstract: "Let a world's users click, and write the log.",
      discussion: """
        Worlds: tabular[:SEED] and lstm[:SEED] are drawn; a folder or .zip with score.txt and \
        prob.txt, or with an exported network's manifest.json, is read. Policies: random, max and \
        mix, in a tabular world optimal, and blind, the best that looks at nothing, in an LSTM world the one that its log \
        was made by.

        Examples:
          drr simulate sessions --world tabular --policy mix --sessions 1000 --out logs/mix
          drr simulate sessions --world irecgan-lstm-sim.zip --sessions 10000 --out logs/lstm
        """)

    @OptionGroup var world: WorldOptions
    @Option(help: "Where to write the log (default: nowhere, only count).")
    var out: String?
    @Option(
      help: ArgumentHelp(
        "The layout (default: semicolon, of an LSTM world threeFiles).",
        valueName: SessionLog.OutputFormat.allCases.map(\.rawValue).joined(separator: "|")))
    var format: SessionLog.OutputFormat?
    @OptionGroup var device: DeviceOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      let source = try world.open(on: device.sessionBackend())
      let made = try makeSessions(world.log(source), in: source)
      if let out {
        let format = format ?? (source.world is TabularWorld ? .semicolon : .threeFiles)
        try made.log.write(to: out, format: format)
        Console.note("\(out): \(grouped(made.log.count)) sessions")
      }
      try Console.result(
        output.json
          ? RunFolder.json(made.statistics, pretty: true)
          : Table(rows: [SimulationStatistics.header, made.statistics.row(made.log.name)]).text)
    }
  }

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

/// Makes a log, showing progress.
func makeSessions(
  _ log: SimulatedLog, in source: WorldSource
) throws -> SessionSimulation.Result {
  let progress = Progress()
  defer { progress.finish() }
  return try log.make(in: source) { progress.update($0, of: $1, "sessions") }
}

/// A world, and a log that is made in it.
struct WorldOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The world: drawn, or a simulator's files (default: tabular).",
      valueName: "source|tabular[:SEED]|lstm[:SEED]"))
  var world = "tabular"
  @Option(help: "Who fills the lists (default: mix; in an LSTM world whom its log was made by).")
  var policy: String?
  @Option(
    help: "Sessions; in a tabular world those without a click come on top (default: 1000).")
  var sessions = 1_000
  @Option(help: "Items of a list (default: 10; in an LSTM world 20).")
  var shown: Int?
  @Option(help: "Draws the sessions (default: 1).")
  var logSeed: UInt64 = 1
  @Flag(help: "In an LSTM world, do without the dropout that its logs were made with.")
  var noDropout = false

  func open(on backend: any Backend) throws -> WorldSource {
    try WorldSource(world, dropout: noDropout ? 0 : 0.25, on: backend)
  }

  func log(_ source: WorldSource) -> SimulatedLog {
    SimulatedLog(
      policy: policy ?? source.loggingPolicy, sessions: sessions,
      listSize: shown ?? source.listSize, seed: logSeed)
  }
}

/// 1,2,5 as numbers.
func wholeNumbers(_ text: String, _ option: String) throws -> [Int] {
  try text.split(separator: ",").map { part in
    guard let number = Int(part), number > 0 else {
      throw ValidationError("\(option) has \"\(part)\"; it must be whole numbers, as 1,5,10.")
    }
    return number
  }
}

extension SimulationStatistics {
  static let header = [
    "policy", "reward", "±", "clicks", "±", "with a click", "coverage@10", "items shown",
  ]

  func row(_ name: String) -> [String] {
    [
      name, decimal(reward.mean, 3), decimal(reward.standardError, 3), decimal(clicks.mean, 3),
      decimal(clicks.standardError, 3), decimal(clickedShare, 3),
      coverage.last.map { decimal($0, 3) } ?? "–", grouped(distinctItems),
    ]
  }
}
