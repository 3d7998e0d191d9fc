import ArgumentParser
import DRR

extension BanditCommand {
  struct Cascade: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "cascade", abstract: "Lists of which the first attractive item is clicked.",
      discussion: """
        Cascading bandits (Kveton et al. 2015): ucb1 is CascadeUCB1, kl-ucb CascadeKL-UCB.

        Policies: \(CascadeProblem.policies.joined(separator: ", "))

        Examples:
          drr bandit cascade --items 16 --places 4
          drr bandit cascade --attractions 0.3,0.2,0.1,0.1 --places 2 --plot regret.svg
        """)
    @Option(
      help: "The probability that each item attracts. (default: 0.2 of K items, 0.05 of the rest)")
    var attractions: String?
    @Option(help: "Number of items, without --attractions. (default: 16)")
    var items: Int?
    @Option(help: "K, the length of a list. (default: 4)")
    var places: Int?
    @OptionGroup var options: BanditOptions<CascadeProblem>

    func validate() throws {
      if attractions != nil, items != nil {
        throw ValidationError(
          "--attractions and --items exclude each other; leave one of them out.")
      }
    }

    func run() throws {
      let experiment = try options.play {
        (begun: CascadeProblem?) -> CascadeProblem in
        if let attractions {
          return CascadeProblem(
            attractions: try numbers(attractions, "--attractions"),
            places: places ?? begun?.places ?? 4)
        }
        if let begun, items == nil, places == nil { return begun }
        let places = places ?? 4
        return CascadeProblem(items: min(items ?? 16, 1_000_000), places: places)
      }
      let report = BanditReport(experiment)
      try options.finish(report, json: report)
    }
  }
}
