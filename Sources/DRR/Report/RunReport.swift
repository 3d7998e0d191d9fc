import Bandits
import Charts
import DRRCore
import DRRData
import Environments
import Evaluation
import Runs
import Serving
import SlateQ
import Tables
import Tensor

/// What runs came to, as one page of HTML that needs nothing else: verdict, protocol and command,
/// learning curves, and what there is to see of each kind of run.
public struct RunReport {
  /// Who recommends, and to whom it is shown; nil: no lists are shown.
  public var recommending: Recommending?
  /// The ratings of a source, on the scale that was named, where runs of many tables say what they
  /// learned; nil: no data are read.
  public var readRatings: ((_ source: String, _ range: ClosedRange<Float>?) throws -> RatingsLog)?
  /// Episodes of every policy with each seed, where agents of worlds play; 0: none do.
  public var episodes = 50
  /// Where agents play.
  private let backend: any Backend
  private let runs: [ReportedRun]
  private let evaluations: [ReportedEvaluation]
  /// All that was named, in its order.
  private let paths: [String]

  /// Policies, and the users that they recommend to.
  public struct Recommending {
    /// By the trained agent.
    public var trained: ServingPolicy
    /// By the agent before any training; nil where it has none.
    public var untrained: ServingPolicy?
    /// Indices of users.
    public var users: [Int]

    /// By its parts.
    public init(trained: ServingPolicy, untrained: ServingPolicy?, users: [Int]) {
      (self.trained, self.untrained, self.users) = (trained, untrained, users)
    }
  }

  /// Of folders of runs, and of folders or files that `drr ope` kept. Runs that differ in their seeds
  /// alone are drawn as one, whether each is named or the folder that they lie in.
  ///
  /// - Throws: `RunError` where there is nothing that can be drawn.
  public init(_ folders: [RunFolder], on backend: any Backend) throws {
    self.backend = backend
    paths = folders.map(\.path)
    var (runs, evaluations): ([ReportedRun], [ReportedEvaluation]) = ([], [])
    for (folder, name) in zip(folders, Self.names(paths)) {
      if let found = try ReportedEvaluation(folder, name: name) {
        evaluations.append(found)
      } else {
        runs.append(
          try ReportedRun.seeds(in: folder, name: name) ?? ReportedRun(folder, name: name))
      }
    }
    (self.runs, self.evaluations) = (ReportedRun.grouped(runs), evaluations)
  }

  /// The folders of its runs and groups; of trainings that were begun one by one each has its own.
  public var folders: [RunFolder] { runs.flatMap { $0.isByHand ? $0.members : [$0.folder] } }

  /// What it is of, as "2 runs, one evaluation".
  public var summary: String {
    func count(_ number: Int, _ word: String) -> String? {
      number == 0 ? nil : number == 1 ? "one \(word)" : "\(number) \(word)s"
    }
    return [count(runs.count, "run"), count(evaluations.count, "evaluation")].compactMap { $0 }
      .joined(separator: ", ")
  }

  /// The last parts of paths that tell them apart.
  private static func names(_ paths: [String]) -> [String] {
    let parts = paths.map { $0.split(separator: "/").map(String.init) }
    for count in 1...max(1, parts.map(\.count).max() ?? 1) {
      let names = parts.map { $0.suffix(count).joined(separator: "/") }
      if Set(names).count == names.count { return names }
    }
    return paths
  }

  /// The page.
  ///
  /// - Throws: what reading a run, or recommending, does.
  public func html() throws -> String {
    let evaluated = runs.flatMap { run in
      run.evaluated.compactMap { folder in
        folder.read(EvaluationReport.self, from: folder.evaluation).map { evaluation in
          (run.evaluated.count > 1 ? folder.path : run.name, folder, evaluation)
        }
      }
    }
    var sections: [Section] = []
    for (name, _, evaluation) in evaluated {
      sections += named(name, EvaluationSections(evaluation).all, amongOthers: evaluated.count > 1)
    }
    if let recommending {
      sections += try Recommended(
        trained: recommending.trained, untrained: recommending.untrained,
        users: recommending.users
      ).sections()
    }
    sections += try worlds()
    for run in runs { sections += try own(run) }
    sections += curves()
    for evaluation in evaluations {
      sections += named(evaluation.name, evaluation.sections)
    }
    let titles = runs.map(\.settings.title) + evaluations.map(\.subtitle)
    return Page(
      title: paths.joined(separator: ", "),
      subtitle: titles.reduce(into: []) { titles, next in
        if !titles.contains(next) { titles.append(next) }
      }.joined(separator: "; "),
      verdicts: (evaluated.map { prefix($0, amongOthers: evaluated.count > 1) + $2.verdict }
        + evaluations.map { prefix($0.name) + $0.verdict }).map {
          "<strong>\(Svg.escaped($0))</strong>"
        } + hints(evaluated.map(\.1.path)),
      facts: facts(evaluated.first?.2)
        + evaluations.flatMap { evaluation in
          evaluation.facts.map { (prefix(evaluation.name) + $0.name, $0.value) }
        }, sections: sections
    ).html
  }

  /// A name where there are several.
  private func prefix(_ name: String, amongOthers: Bool = false) -> String {
    amongOthers || runs.count + evaluations.count > 1 ? "\(name): " : ""
  }

  private func named(
    _ name: String, _ sections: [Section], amongOthers: Bool = false
  ) -> [Section] {
    sections.map { section in
      var section = section
      section.title = prefix(name, amongOthers: amongOthers) + section.title
      return section
    }
  }

  /// What is missing, and the command that makes it.
  private func hints(_ evaluated: [String]) -> [String] {
    runs.filter { ($0.settings as? RunConfiguration)?.agent != nil }.flatMap(\.evaluated)
      .filter { !evaluated.contains($0.path) }.map { folder in
        "Not evaluated yet: <code>drr evaluate --run \(Svg.escaped(folder.path))</code>, and make "
          + "the report again."
      }
  }

  private func facts(_ evaluation: EvaluationReport?) -> [(name: String, value: String)] {
    var facts: [(name: String, value: String)] = []
    if let data = (runs.first?.settings as? RunConfiguration)?.data {
      facts.append(
        (
          "data",
          Svg.escaped(
            "\(data.name), \(grouped(data.ratings)) ratings, CRC-32 \(data.checksum)")
        ))
    }
    if let evaluation {
      facts.append(("protocol", Svg.escaped(evaluation.protocolSummary)))
      facts.append(("device", Svg.escaped(evaluation.device)))
    }
    for run in runs {
      let seeds = run.members.count > 1 ? ", \(run.members.count) trainings" : ""
      let steps = run.settings.totalSteps.map { ", \(grouped($0)) steps" } ?? ""
      let others =
        run.isByHand
        ? ": " + run.members.map(\.path).joined(separator: ", ") : ""
      facts.append(
        (
          run.name,
          "<code>drr \(Svg.escaped(run.settings.command)) --run "
            + "\(Svg.escaped(run.evaluated[0].path))</code> with its config.json"
            + Svg.escaped(steps + seeds + others)
        ))
    }
    return facts
  }

  // MARK: - Learning

  /// A curve of each number, runs over each other.
  private func curves() -> [Section] {
    let kinds = runs.flatMap { $0.series.flatMap(\.kinds) }.reduce(into: [String]()) {
      if !$0.contains($1) { $0.append($1) }
    }
    return kinds.filter { kind in !isDrawnElsewhere(kind) }.flatMap { kind -> [Section] in
      let names = Set(runs.flatMap { $0.series.flatMap { $0.names(kind) } }).sorted()
      return CurveKind.all(names, of: kind).compactMap { curve in
        curve.chart(kind, of: runs, kept: kept(kind)).map { chart in
          let part = kind.split(separator: "/").dropFirst().joined(separator: ", ")
          return Section(
            part.isEmpty ? curve.title : "\(part): \(curve.title)", curve.meaning, chart.picture)
        }
      }
    }
  }

  /// Bandits report the curves of each policy, which have a chart of their own.
  private func isDrawnElsewhere(_ kind: String) -> Bool { kind.hasPrefix("bandit") }

  /// The step whose policy is kept, of one run.
  private func kept(_ kind: String) -> Double? {
    guard runs.count == 1, runs[0].members.count == 1, kind == "validation" else { return nil }
    if let evaluation = runs[0].folder.read(
      EvaluationReport.self, from: runs[0].folder.evaluation)
    {
      return evaluation.runs.first?.policy.map { Double($0.step) }
    }
    return runs[0].series[0].lines[kind]?.last { $0.numbers["isBest"] == 1 }
      .map { Double($0.step) }
  }

  // MARK: - Kinds

  /// What one kind of run alone has to show.
  private func own(_ run: ReportedRun) throws -> [Section] {
    let name = prefix(run.name)
    switch run.settings {
    // The process of a file has no tiles.
    case let settings as TabularConfiguration where settings.file == nil:
      let learner = try TabularLearner(settings)
      try learner.restore(from: Run<TabularConfiguration>(reading: run.members[0]).readCheckpoint())
      return [grid(name, learner.process, learner.values, learner.optimum)].compactMap { $0 }
    case let settings as SarsaLambdaConfiguration where settings.file == nil:
      let learner = try SarsaLambdaLearner(settings)
      try learner.restore(
        from: Run<SarsaLambdaConfiguration>(reading: run.members[0]).readCheckpoint())
      return [grid(name, learner.process, learner.values, learner.optimum)].compactMap { $0 }
    case let settings as MultiTableRunConfiguration:
      guard let readRatings, run.members[0].exists(run.members[0].checkpoint) else { return [] }
      let log = try readRatings(settings.data.source, settings.data.ratingRange)
      try settings.data.requireContents(of: log, from: settings.data.source)
      let first = try Run<MultiTableRunConfiguration>(reading: run.members[0])
      return named(run.name, try TableSections(first, log, of: run.members.count).all)
    default:
      guard let report = run.folder.read(BanditReport.self, from: run.folder.report) else {
        return []
      }
      var chart = report.chart(.log)
      chart.width = 420
      chart.yTitle = ""
      return [
        Section(
          name + "Regret",
          "By rounds, the mean over seeds and its 95 % interval; bounds are dashed.",
          isWide: true, chart.picture.inline)
      ]
    }
  }

  private func grid(
    _ name: String, _ process: FiniteProcess, _ learned: ActionValues, _ optimum: ActionValues
  ) -> Section? {
    guard let columns = process.columns else { return nil }
    func picture(_ values: ActionValues, _ title: String) -> String {
      GridChart(
        title,
        tiles: process.states.indices.map { state in
          let isOver = process.terminal.contains(state)
          let best = values.greedy(state)
          return GridChart.Tile(
            process.states[state], value: isOver ? nil : values[state, best],
            way: isOver ? nil : Self.ways[process.actions[best]])
        }, columns: columns
      ).picture.inline
    }
    return Section(
      name + "What was learned of \(process.name)",
      "The value of the best action on each tile, and its way.", isWide: true,
      "<div class=\"columns\"><div><h3>learned</h3>\(picture(learned, "learned"))</div>"
        + "<div><h3>optimal</h3>\(picture(optimum, "optimal"))</div></div>")
  }

  private static let ways: [String: (x: Double, y: Double)] = [
    "left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1),
  ]

  /// Agents of worlds of slates beside the policies that the world is known by.
  private func worlds() throws -> [Section] {
    let found = runs.compactMap { run in
      (run.settings as? SlateQRunConfiguration).map { (run, $0.world) }
    }
    guard episodes > 0, let world = found.first?.1 else { return [] }
    var report = try world.report(episodes: episodes, seeds: [0, 1, 2])
    for (run, other) in found where other == world {
      let prefix = found.count > 1 ? "\(run.name): " : ""
      try report.add(SlateQRuns(run.folder, in: world.name), prefix: prefix, on: backend)
    }
    let rows = report.rows.sorted { $0.episode.mean > $1.episode.mean }.map { row in
      ForestChart.Row(
        row.policy + (row.readsHidden ? " *" : ""), row.episode,
        hue: row.trainingSeeds == nil ? 8 : 0,
        isMarked: row.trainingSeeds != nil && !row.policy.hasSuffix("untrained"))
    }
    return [
      Section(
        "Returns in \(report.world)",
        "\(grouped(report.episodes)) episodes with each of \(report.seeds.count) seeds, users that no "
          + "training met; 95 % intervals. *: reads what no agent sees.",
        ForestChart("Returns in \(report.world)", rows: rows, digits: 1).picture)
    ]
  }
}
