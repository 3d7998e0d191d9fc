import ArgumentParser
import DRR
import Kernels
import Tensor

struct PromoteCommand: ParsableCommand {
  /// Where the model that is served stays.
  static let refusal = ExitCode(3)

  static let configuration = CommandConfiguration(
    commandName: "promote",
    abstract: "Put a model in the place of the one that is served, if the log speaks for it.",
    usage: "drr promote <model> --over <current> --log <log> [<options>]",
    discussion: """
      The lists of the log that the current model served tell what the other would have earned of \
      them, as `drr ope evaluate` does, with paired differences: it is promoted where the lower bound \
      of the difference, of whole users resampled, is above --margin, and the effective sample size \
      and the mean weight are enough. Otherwise the current model stays, the reasons are told, and the exit code is 3.

      The folder of the current model is exchanged in one step for a copy of the other. What it held \
      is kept in CURRENT.history, in numbered folders, with the figures in promotions.jsonl; \
      --rollback brings the latest back. A kill at any time loses neither model.

      Examples:
        drr promote models/second --over models/current --log log
        drr promote models/second --over models/current --log log --positions 3 --margin 0.01
        drr promote models/second --over models/current --log log --dry-run --json
        drr promote --over models/current --rollback
      """)

  @Argument(
    help: ArgumentHelp("The folder of the model to promote.", valueName: "model"),
    completion: .directory)
  var model: String?
  @Option(
    help: ArgumentHelp("The folder of the model that is served.", valueName: "current"),
    completion: .directory)
  var over: String
  @Option(
    help: ArgumentHelp("The folder of the feedback log.", valueName: "log"),
    completion: .directory)
  var log: String?
  @Option(help: "What the lower bound of the difference must be above, in reward a list.")
  var margin = 0.0
  @Option(help: "The least effective sample size.")
  var minimumEss = 100.0
  @Option(help: "The estimator, as of lists in `drr ope evaluate`.")
  var estimator = SlateEstimator.snrips
  @Option(help: "The share of resamples that is in the interval.")
  var confidence = 0.95
  @OptionGroup var join: JoinOptions
  @Option(
    help: ArgumentHelp("The positions of each list that are looked at, the first. (default: all)"))
  var positions: Int?
  @Option(help: "Resamples of the intervals.")
  var bootstrap = 1_000
  @Flag(help: "Tell what would be done, and change nothing.")
  var dryRun = false
  @Flag(help: "Bring back the latest model that a promotion replaced.")
  var rollback = false
  @OptionGroup var device: DeviceOptions
  @OptionGroup var random: SeedOption
  @OptionGroup var output: OutputOptions

  func validate() throws {
    for (name, value) in [("the model", model), ("--over", over), ("--log", log)]
    where value == "" {
      throw ValidationError("\(name) is empty; name a folder.")
    }
    if let positions, positions < 1 {
      throw ValidationError("--positions is \(positions); it must be at least 1.")
    }
    if rollback {
      if let other = firstGiven([
        (model ?? "", model != nil), ("--log", log != nil), ("--dry-run", dryRun),
      ]) {
        throw ValidationError("\(other) and --rollback exclude each other; leave one out.")
      }
    } else if model == nil {
      throw ValidationError("no model is named; name one before --over \(over), or add --rollback.")
    } else if log == nil {
      throw ValidationError("no log is named; add --log FOLDER.")
    }
  }

  func run() throws {
    rollback ? try bringBack() : try promote(model ?? "", by: log ?? "")
  }

  private func promote(_ model: String, by log: String) throws {
    var rule = Promotion.Rule()
    rule.estimator = estimator
    (rule.margin, rule.minimumESS, rule.confidence) = (margin, minimumEss, confidence)
    (rule.resamples, rule.seed) = (bootstrap, random.seed)
    try rule.validate()
    let device = try device.hostDevice()
    let candidate = try ReplayedModel(folder: model, name: model, on: device)
    let current = try ReplayedModel(folder: over, name: over, on: device)
    guard candidate.version != current.version else {
      return try output.print(
        Outcome(outcome: .same, current: over, version: current.version),
        "\(over) is \(model) already; nothing is changed")
    }
    guard FeedbackReader.isLog(log) else {
      throw RunError("--log \(log) holds no feedback log; `drr serve --log \(log)` writes one")
    }
    let served = try join.read(log)
    let evaluation = try ServedEvaluation(
      served, rewards: FeedbackRewards(of: current.policy.model), missing: join.missing ?? .zero,
      version: current.version, positions: positions, judging: [candidate, current])
    let progress = Progress()
    defer { progress.finish() }
    let promotion = try Promotion(
      of: candidate, over: current, on: evaluation, rule
    ) { progress.update($0, of: $1, $2) }
    progress.finish()
    var outcome = Outcome(
      outcome: !promotion.holds ? .refused : dryRun ? .wouldPromote : .promoted, current: over,
      version: promotion.holds && !dryRun ? candidate.version : current.version,
      promotion: promotion)
    if outcome.outcome == .promoted {
      let history = try PromotionHistory(of: over)
      let number = try history.promote(
        candidate.policy.model, over: current.policy.model, source: model, promotion)
      outcome.replaced = history.path(of: number)
    }
    try output.print(outcome, outcome.text(model))
    guard promotion.holds else {
      Console.fail(
        "\(model) is not promoted over \(over): \(promotion.reasons.joined(separator: "; "))")
      throw Self.refusal
    }
  }

  private func bringBack() throws {
    let served = try ExportedModel(folder: over)
    let history = try PromotionHistory(of: over)
    let record = try history.rollback(from: served)
    try output.print(
      Outcome(
        outcome: .rolledBack, current: over, version: record.to,
        replaced: record.kept.map { history.path(of: $0) },
        restored: history.path(of: record.number)),
      "\(over) is \(history.path(of: record.number)) again"
        + (record.kept.map { "; what it was is in \(history.path(of: $0))" } ?? ""))
  }

  struct Outcome: Encodable {
    enum Kind: String, Encodable {
      case promoted
      case wouldPromote = "would-promote"
      case refused, same
      case rolledBack = "rolled-back"
    }

    var outcome: Kind
    /// The folder of the served model.
    var current: String
    /// What it is of now.
    var version: String
    /// The folder of the copy of what was replaced.
    var replaced: String?
    /// The folder of the copy that came back.
    var restored: String?
    var promotion: Promotion?

    func text(_ model: String) -> String {
      guard let promotion else { return "" }
      let digits = promotion.logged.digits
      let rows = [
        ["lists", "\(grouped(promotion.lists)) of \(grouped(promotion.users)) users"],
        ["logged", promotion.logged.text(digits)],
        ["\(promotion.rule.estimator.rawValue)", promotion.value?.text(digits) ?? ""],
        ["difference", promotion.difference?.text(digits) ?? ""],
        ["margin", decimal(promotion.rule.margin, digits)],
        ["effective sample size", decimal(promotion.effectiveSampleSize, 1)],
        ["least sample size", decimal(promotion.rule.minimumESS, 1)],
        ["mean weight", decimal(promotion.meanWeight, 3)],
        ["other candidates", "\(grouped(promotion.mismatched))"],
      ]
      let left = [
        (promotion.otherLists, "that other models served"),
        (promotion.learnedLists ?? 0, "that a model may have learned from"),
      ].filter { $0.0 > 0 }.map { "\n\(grouped($0)) lists \($1) are left out" }.joined()
      let end =
        switch outcome {
        case .promoted: "\(current) is \(model) now; what it was is in \(replaced ?? "")"
        case .wouldPromote: "\(model) would be promoted over \(current); nothing is changed"
        default: "\(current) stays as it is"
        }
      return "\(Table(rows: rows).text)\(left)\n\(end)"
    }
  }
}

extension SlateEstimator: ExpressibleByArgument {
  public static var allValueDescriptions: [String: String] { [:] }
}
