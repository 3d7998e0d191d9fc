import DRRCore
import DRRData
import Essentials
import Evaluation
import Runs
import Serving

/// What those who use a model should know of it, in Markdown (Mitchell et al. 2019): what it is,
/// what it learned from, how good it was found beside trivial rules and the best there could be, and
/// where that ends. Facts alone that its run holds.
public struct ModelCard {
  private let model: ExportedModel
  private let run: RunFolder
  private let settings: any RunSettings
  private let evaluation: EvaluationReport?

  /// - Throws: `RunError` where the folder holds no run.
  public init(_ model: ExportedModel, of run: RunFolder) throws {
    let member = try run.readGroup()?.members.first.map { $0.folder(in: run) } ?? run
    settings = try Algorithms.requiredSettings(of: member, in: run)
    evaluation = run.read(EvaluationReport.self, from: run.evaluation)
    (self.model, self.run) = (model, run)
  }

  /// The page, with the head that model registries read.
  public var markdown: String {
    """
    ---
    library_name: drr
    tags:
    - recommendation
    - reinforcement-learning
    - \(model.header.algorithm.name)
    ---

    # \(model.header.agent) of \(model.header.data.name)

    \(evaluation.map { "\($0.verdict.printable)." } ?? unevaluated)

    ## Data

    \(table(["", ""], data))

    ## Training

    \(table(["", ""], training))

    ## Figures

    \(figures)

    ## Use

    \(use)

    ## Limits

    \(limits.map { "- \($0)" }.joined(separator: "\n"))

    """
  }

  private var unevaluated: String {
    "No evaluation is on record: `drr \(settings.uses.first ?? "evaluate") --run \(run.path)` makes "
      + "one."
  }

  private func table(_ head: [String], _ rows: [[String]]) -> String {
    func line(_ cells: [String]) -> String {
      "| " + cells.map { $0.printable.replacing("|", with: "\\|") }.joined(separator: " | ") + " |"
    }
    let rule = head.indices.map { $0 == 0 ? "---" : "---:" }
    return ([line(head), "| " + rule.joined(separator: " | ") + " |"] + rows.map(line))
      .joined(separator: "\n")
  }

  private var data: [[String]] {
    let header = model.header
    var rows = [
      ["name", header.data.name], ["CRC-32", header.data.checksum],
      [
        "items",
        "\(grouped(header.data.items)), \(grouped(model.items.isKnown.count { $0 })) seen in training",
      ],
    ]
    if header.data.users > 0 {
      rows.append(["users", grouped(header.data.users)])
      let ratings = (0..<model.users.count).reduce(0) { $0 + model.users.rated(by: $1).items.count }
      rows.append(["ratings kept of them", grouped(ratings)])
    }
    if let range = model.ratingRange {
      rows.append(["a rating", "\(range.lowerBound) to \(range.upperBound)"])
    }
    if let scale = header.scale { rows.append(["a reward, liked above 0", "\(scale)"]) }
    if let until = header.data.servedUntil {
      let time = Date(timeIntervalSince1970: Double(until) / 1_000)
      rows.append(["feedback learned from", "up to \(time.formatted(.iso8601))"])
    }
    return rows
  }

  private var training: [[String]] {
    var rows = [["kind", settings.title], ["command", "drr \(settings.command)"]]
    if let step = model.header.step { rows.append(["policy of step", grouped(step)]) }
    if let steps = settings.totalSteps { rows.append(["steps in all", grouped(steps)]) }
    rows.append(["seed", "\(settings.seed)"])
    rows.append(["program", Program.title])
    return rows
  }

  private var figures: String {
    guard let evaluation else { return "None: see above." }
    let k = evaluation.middle
    let rows = evaluation.rankers.map { ranker -> [String] in
      let row = ranker.rows.first { $0.k == k }
      func text(_ estimate: Estimate?) -> String {
        estimate.map {
          "\(decimal($0.mean, 3)) [\(decimal($0.low, 3)), \(decimal($0.high, 3))]"
        } ?? "–"
      }
      return [Labels.evaluation[ranker.name], text(row?.precision), text(row?.ndcg)]
    }
    let spread =
      evaluation.runs.count > 1
      ? ", of \(evaluation.runs.count) runs"
      : "; one training, so that what another seed would change is not in them"
    return """
      Protocol: \(evaluation.protocolSummary)

      \(table(["", "P@\(k)", "NDCG@\(k)"], rows))

      Means with 95 % intervals that resample \(evaluation.users.map { "\($0) " } ?? "")users\(spread). `drr evaluate --run \(run.path)` computed them.
      """
  }

  private var use: String {
    let recipient =
      model.header.algorithm.readsSessions
      ? "--session \(model.items.ids.first ?? "ITEM")" : "--user \(model.users.ids.first ?? "ID")"
    return """
      ```console
      drr export model \(run.path) model
      drr recommend --model model \(recipient)
      drr serve --model model
      ```

      `items.json` and `users.json` have the ids in the order of the rows of `weights.safetensors`.
      """
  }

  private var limits: [String] {
    let unseen = model.items.isKnown.count { !$0 }
    var limits = [
      "It knows the items of its data alone: a new one is recommended to nobody before it is "
        + "trained anew."
    ]
    if unseen > 0 {
      limits.append(
        "\(grouped(unseen)) of its items no training rating names; they are never shown.")
    }
    if evaluation != nil {
      limits.append(
        "The figures are of ratings that users chose to give, ranked after the fact: they do not say "
          + "what people would do with these lists. `drr ope` and `drr serve` do.")
      limits.append("They are of these data; no claim is made for others.")
    }
    if model.users.count > 0 {
      limits.append(
        "`users.json` and `weights.safetensors` hold ids and ratings of users: share them as "
          + "you may share those.")
    }
    return limits
  }
}
