import ArgumentParser
import DRR
import Kernels

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compare methods trained on one split with each other and every baseline.",
    discussion: """
      Two measurements of every run: next-item prediction over the full catalogue, and the ranking \
      of held-out ratings, whose candidates are only items the user rated. Runs of any method can be \
      named that were trained on the same ratings and the same split. Predicting the next rating \
      rewards imitation, not planning: see `drr simulate`.

      Examples:
        drr train drr --data ml-100k.zip --split latest --run runs/drr
        drr compare --run runs/drr --run runs/multi-q
        drr compare --baselines-only --data ml-100k.zip --splits 3
        drr compare --baselines-only --sessions diginetica-sessions.zip
      """)

  @Option(
    name: .customLong("run"),
    help: ArgumentHelp(
      "The folder of a trained run, or of several; may repeat.", valueName: "folder"),
    completion: .directory)
  var runs: [String] = []
  @Flag(help: "The baselines alone, on a split of --data.")
  var baselinesOnly = false
  @Option(
    help: ArgumentHelp(
      "A folder, a file, a .zip, or generated:SIZE[:SEED]. (default: the first run's, else "
        + "generated:small)", valueName: "source"), completion: .file())
  var data: String?
  @OptionGroup var sessions: ClickSessionsOption
  @Option(help: ArgumentHelp("The row that differences are from.", valueName: "name"))
  var against = MarkovChain.title
  @OptionGroup var random: SeedOption
  @Flag(help: "Only liked items are targets.")
  var likedOnly = false
  @Flag(name: .customLong("linucb"), help: "LinUCB among the baselines, which takes its time.")
  var linUCB = false
  @Option(
    help: ArgumentHelp(
      "Cutoffs of HR@K and NDCG@K of the next item. (default: 1,5,10,20)", valueName: "k,k,..."))
  var cutoffs: Cutoffs?
  @Option(
    help: ArgumentHelp(
      "Cutoffs of the ranking of held-out items; a user needs as many of them as the largest. "
        + "(default: 5,10)", valueName: "k,k,..."))
  var rankingCutoffs: Cutoffs?
  @Option(help: "Query the next items of so many users, drawn. (default: all)")
  var users: Int?
  @OptionGroup var rankings: ListsOption
  @OptionGroup var tables: TableOptions
  @OptionGroup(title: "Options of --baselines-only") var split: ComparisonSplitOptions
  @OptionGroup var device: DeviceOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if runs.isEmpty != baselinesOnly {
      throw ValidationError(
        runs.isEmpty
          ? "no run is named; add --run FOLDER, or --baselines-only."
          : "--baselines-only and --run \(runs[0]) exclude each other; leave one of them out.")
    }
    if !baselinesOnly, let option = split.firstGiven {
      throw ValidationError(
        "\(option) is an option of --baselines-only, and runs have their own split; leave it out.")
    }
    if let twice = runs.first(where: { run in runs.count { $0 == run } > 1 }) {
      throw ValidationError("--run \(twice) is named twice; leave one of them out.")
    }
  }

  func run() throws {
    let settings = try settings()
    let runs = try named()
    let (loaded, comparisons) = try comparisons(of: runs, settings)
    try tell(of: comparisons[0], loaded.log)
    let backend =
      try runs.isEmpty
      ? device.hostBackend()
      : device.backend {
        try DeviceTrial.secondsPerUpdate(nil, dimension: 100, on: $0)
      }
    let progress = Progress()
    defer { progress.finish() }
    var file = rankings.file
    var parts: [(Comparison, Comparison.Results)] = []
    var listed: [ComparisonReport.Run] = []
    for (number, comparison) in comparisons.enumerated() {
      let (contestants, named) = try contestants(of: comparison, runs, loaded.log, on: backend)
      listed = named
      try requireRow(contestants.map(\.name))
      let results = try comparison.evaluate(contestants) {
        progress.update(number * $1 + $0, of: comparisons.count * $1, $2)
      }
      parts.append((comparison, results))
      file?.add(
        run: "split \(comparison.training.evaluation.splitSeed)", comparison.sessions,
        results.rankings, loaded.log)
    }
    progress.finish()
    let report = try ComparisonReport(
      parts, runs: listed, data: loaded.data,
      device: "\(backend.device.id): \(backend.device.name), \(backend.device.driver)")
    try output.print(
      report, tables.all ? report.text : report.summary(tables.format),
      isForPeople: tables.format == .text
    ) {
      try file?.write()
    }
  }

  private func settings() throws -> Comparison.Settings {
    var settings = Comparison.Settings()
    settings.seed = random.seed
    settings.baseline = Labels.comparison.id(of: against)
    settings.linUCB = linUCB
    settings.nextItem.seed = random.seed
    settings.nextItem.likedOnly = likedOnly
    settings.nextItem.users = users
    if let cutoffs { settings.nextItem.cutoffs = cutoffs.values }
    if let rankingCutoffs { settings.rerankingCutoffs = rankingCutoffs.values }
    try settings.validate()
    return settings
  }

  private typealias NamedRun = (folder: RunFolder, run: any ComparedRun)

  /// The runs that are named, of a group each.
  private func named() throws -> [NamedRun] {
    let folders = try runs.flatMap { name in
      let folder = RunFolder(name)
      return try folder.readGroup()?.members.map { $0.folder(in: folder) } ?? [folder]
    }
    return try folders.map { (folder: $0, run: try ComparedRuns.read($0)) }
  }

  /// The ratings, and a comparison for each split of them: that of the runs, or those asked for.
  private func comparisons(
    of runs: [NamedRun], _ settings: Comparison.Settings
  ) throws -> (LoadedLog, [Comparison]) {
    var trainings: [Comparison.Training] = []
    if !runs.isEmpty { trainings = [try Comparison.training(of: runs)] }
    let range = runs.isEmpty ? split.scale.range.range : runs[0].run.data.ratingRange
    let loaded = try LoadedLog(
      RatingsOption(data: data), sessions, range, begun: runs.first?.run.data,
      trainings.first?.evaluation, for: RunFolder(""))
    try runs.first?.run.data.requireContents(of: loaded.log, from: loaded.data.source)
    if runs.isEmpty {
      trainings = try split.trainings(for: loaded.log, testShare: loaded.testShare)
    }
    let window = runs.map(\.run.window).max() ?? 0
    let comparisons = try trainings.map {
      try Comparison(loaded.log, $0, window: window, settings)
    }
    return (loaded, comparisons)
  }

  /// Says what is odd about the ratings; where only liked items count, some have to be liked.
  private func tell(of comparison: Comparison, _ log: RatingsLog) throws {
    if let warning = comparison.split.orderWarning(in: log) { Console.note(warning) }
    do {
      if !log.isOfSessions { try comparison.requireLikes() }
    } catch {
      if likedOnly { throw error }
      Console.warn("\(error)")
    }
  }

  /// The baselines and what each run has trained, and how the latter is called.
  private func contestants(
    of comparison: Comparison, _ runs: [NamedRun], _ log: RatingsLog, on backend: any Backend
  ) throws -> ([Contestant], [ComparisonReport.Run]) {
    let own = try runs.lazy.compactMap { try $0.run.factorization(of: log) }.first
    let model = try log.isOfSessions ? nil : own ?? fit(comparison, on: backend)
    var contestants = comparison.baselines(model)
    let listed = try runs.map { folder, run in
      let found = try run.contestants(log, comparison.split, seed: random.seed, on: backend)
      for remark in found.compactMap(\.remark) { Console.note(remark) }
      let named = found.map { $0.named(apartFrom: contestants, in: folder) }
      contestants += named
      return ComparisonReport.Run(folder: folder.path, contestants: named.map(\.name))
    }
    return (contestants, listed)
  }

  /// Refuses a row that is not there before anything is measured.
  private func requireRow(_ ids: [String]) throws {
    guard !ids.contains(Labels.comparison.id(of: against)) else { return }
    let labels = ids.map { Labels.comparison[$0] }
    let close = nearest(against, in: labels).map { "; the nearest is \($0)" } ?? ""
    throw ValidationError(
      "--against is \(against), which is no row; name one of "
        + "\(labels.joined(separator: ", "))\(close).")
  }
}

/// A factorisation where no run brings one, showing progress.
private func fit(_ comparison: Comparison, on backend: any Backend) throws -> PMFModel {
  let progress = Progress()
  defer { progress.finish() }
  return try comparison.fitFactorization(on: backend) { progress.update($0, of: $1, "PMF epochs") }
}
