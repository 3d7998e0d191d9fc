import ArgumentParser
import DRR
import Feedback
import Kernels
import Platform
import Tensor

extension SimulateCommand {
  struct Loop: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "loop",
      abstract: "Serve, log, judge and promote, round after round, to simulated users.",
      discussion: """
        What users think is the factorization of all ratings of --data, of the items with the most of \
        them. The first model knows a small share of the ratings. In every round the served model \
        draws --lists lists, whose items earn the reward of a rating drawn about the user's own; a new \
        model is fitted to what was earned before and to half of them, judged by the other half, \
        which it has not seen, and takes the served \
        one's place where `drr promote` would put it there. Beside it stands a planted model: the same \
        with its scores turned round. What off-policy evaluation says of both is held against what \
        they earn of all users.

        Examples:
          drr simulate loop
          drr simulate loop --data ml-100k.zip --seeds 10 --run runs/loop --json
        """)

    @Option(
      help: ArgumentHelp(
        "Ratings: a folder, a file, a .zip, or generated:SIZE[:SEED].", valueName: "source"),
      completion: .file())
    var data = "generated:small"
    @Option(help: "Rounds of serving, judging and promoting.")
    var rounds = ClosedLoop.Settings().rounds
    @Option(help: "Lists of a round.")
    var lists = ClosedLoop.Settings().lists
    @Option(help: "Items of a list.")
    var positions = ClosedLoop.Settings().positions
    @Option(help: "Items that can be recommended: those with the most ratings.")
    var items = ClosedLoop.Settings().items
    @Option(help: "ε: the chance of a uniform draw.")
    var epsilon = ClosedLoop.Settings().exploration.epsilon
    @Option(help: "The softmax temperature, in standard deviations of the best items' scores.")
    var temperature = ClosedLoop.Settings().exploration.temperature
    @Option(help: "The best items that lists are drawn from. (default: all)")
    var candidates: Int?
    @Option(help: "The fraction of the ratings that the first model learns from.")
    var knownFraction = ClosedLoop.Settings().knownShare
    @Option(help: "The standard deviation of a rating about the user's own.")
    var noise = ClosedLoop.Settings().noise
    @Option(help: "The least effective sample size of a promotion.")
    var minimumEss = ClosedLoop.Settings().rule.minimumESS
    @Option(help: "The first seed.")
    var seed: UInt64 = 0
    @Option(help: "How many seeds.")
    var seeds = 1
    @Option(
      name: .customLong("run"),
      help: ArgumentHelp("Where models and logs are kept.", valueName: "folder"),
      completion: .directory)
    var place = "runs/loop"
    @Option(
      help: ArgumentHelp("A picture of the rounds.", valueName: "file.svg"),
      completion: .file(extensions: ["svg"]))
    var plot: String?
    @OptionGroup var output: OutputOptions

    func validate() throws {
      if seeds < 1 { throw ValidationError("--seeds is \(seeds); it must be at least 1.") }
      if let plot, !plot.lowercased().hasSuffix(".svg") {
        throw ValidationError("--plot is \"\(plot)\"; it must be the name of an .svg.")
      }
    }

    private func settings(_ seed: UInt64) throws -> ClosedLoop.Settings {
      var settings = ClosedLoop.Settings()
      (settings.rounds, settings.lists, settings.positions) = (rounds, lists, positions)
      (settings.items, settings.knownShare, settings.noise) = (items, knownFraction, noise)
      settings.exploration = Exploration(
        epsilon: epsilon, temperature: temperature, candidates: candidates ?? items)
      settings.rule.minimumESS = minimumEss
      settings.seed = seed
      try settings.validate()
      return settings
    }

    func run() throws {
      for number in 0..<seeds { _ = try settings(seed + UInt64(number)) }
      guard access(place, F_OK) != 0 else {
        throw RunError("\(place) is there already; name another --run, or remove it")
      }
      let ratings = try loadRatings(data, nil)
      let progress = Progress()
      defer { progress.finish() }
      var reports: [ClosedLoop.Report] = []
      for number in 0..<seeds {
        let settings = try settings(seed + UInt64(number))
        let loop = try ClosedLoop(settings, ratings: ratings) { CPUBackend() }
        let folder = "\(place)/seed-\(settings.seed)"
        reports.append(
          try loop.run(in: folder) { round, _, what in
            if Interrupt.isRequested { throw Interrupted(step: round) }
            progress.update(number * rounds + round, of: seeds * rounds, what)
          })
      }
      progress.finish()
      let result = ClosedLoopResult(reports)
      try output.print(result, result.text) {
        if let plot { try AtomicFile.write(result.chart.picture.file, to: plot, readers: .all) }
      }
    }
  }
}
