import ArgumentParser
import DRR

extension OpeCommand {
  struct Describe: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "describe",
      abstract: "Describe a log of decisions.",
      usage: "drr ope describe [<source>] [<options>]",
      discussion: """
        "mean 1/p ÷ actions" is the mean of 1/propensity over the number of actions: about 1 where \
        propensities are right and every action could be taken. Clusters are what intervals resample.

        Examples:
          drr ope describe --data open-bandit-small.zip
          drr ope describe log.csv --json
          drr ope describe criteo_train_small.txt.gz
        """)

    @OptionGroup var place: SourceOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      let source = place.path
      if FeedbackReader.isLog(source) {
        throw RunError(
          "\(source) is a feedback log of lists; write its single decisions by `drr data feedback "
            + "\(source) --as ope --out decisions.csv` and describe those")
      }
      var summaries: [FeedbackSummary] = []
      if let file = DecisionFile(source) {
        summaries = [try file.read(source).summary]
      } else {
        let bandit = try OpenBandit(source)
        let logs = bandit.logs
        if logs.isEmpty { _ = try bandit.read(.bts, .men) }
        let progress = Progress()
        defer { progress.finish() }
        for (number, log) in logs.enumerated() {
          progress.update(number, of: logs.count, "logs")
          summaries.append(try bandit.read(log.behaviour, log.campaign).summary)
        }
      }
      try output.print(summaries, summaries.map(\.text).joined(separator: "\n\n"))
    }
  }
}

extension FeedbackSummary {
  var text: String {
    var rows = [
      ["position", "decisions", "actions", "mean reward", "propensity", "mean 1/p ÷ actions"]
    ]
    for position in positions {
      rows.append([
        position.id, grouped(position.decisions),
        candidates == nil ? "\(position.actions)" : "–",
        decimal(position.meanReward, 5),
        "\(position.smallestPropensity) ... \(position.largestPropensity)",
        decimal(position.inverseSum, 3),
      ])
    }
    return """
      log       \(name): \(grouped(decisions)) decisions, \(choices)
      clusters  \(grouped(clusters)) by \(clustering), the largest \(grouped(largestCluster))
      context   \(contextColumns) columns
      reward    \(smallestReward) ... \(largestReward), mean \(decimal(meanReward, 5))
      \(Table(rows: rows).text)\((notes ?? []).footnotes)
      """
  }
}
