import ArgumentParser

struct BanditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bandit", abstract: "Play bandits, and measure their regret.",
    discussion: """
      Examples:
        drr bandit --arms 0.1,0.05,0.02 --plot regret.svg
        drr bandit ads --rates 0.1,0.05,0.02 --payments 1,4,12 --places 2
        drr bandit exhibition --ablation
        drr bandit replay --data open-bandit-small.zip --campaign men
      """,
    subcommands: [
      Arms.self, Linear.self, Cascade.self, Ads.self, Exhibition.self, Replay.self,
    ], defaultSubcommand: Arms.self)
}
