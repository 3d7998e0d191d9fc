import ArgumentParser
import DRR

extension OpeCommand {
  struct Describe: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "describe",
      abstract: "Count what a log of decisions holds.",
      discussion: """
        "1/p by action" is the mean of 1/propensity over the number of actions: about 1 where \
        propensities are right and every action could be taken.

        Examples:
          drr ope describe open-bandit-small.zip
          drr ope describe log.csv --json
        """)

    @Argument(help: "A .csv, or Open Bandit as a folder or .zip.")
    var source: String
    @OptionGroup var output: OutputOptions

    func run() throws {
      var summaries: [FeedbackSummary] = []
      if source.lowercased().hasSuffix(".csv") {
        summaries = [try LoggedFeedback.read(csv: source).summary]
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
      if output.json { return try Console.result(RunFolder.json(summaries, pretty: true)) }
      try Console.result(summaries.map(\.text).joined(separator: "\n\n"))
    }
  }
}

extension FeedbackSummary {
  var text: String {
    var rows = [
      ["position", "decisions", "actions", "mean reward", "propensity", "1/p by action"]
    ]
    for position in positions {
      rows.append([
        position.id, grouped(position.decisions), "\(position.actions)",
        decimal(position.meanReward, 5),
        "\(position.smallestPropensity) ... \(position.largestPropensity)",
        decimal(position.inverseSum, 3),
      ])
    }
    return """
      log       \(name): \(grouped(decisions)) decisions, \(actions) actions
      clusters  \(grouped(clusters)) by \(clustering), the largest \(grouped(largestCluster))
      context   \(contextColumns) columns
      reward    \(smallestReward) ... \(largestReward), mean \(decimal(meanReward, 5))
      \(Table(rows: rows).text)
      """
  }
}
