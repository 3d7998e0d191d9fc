import ArgumentParser

struct OpeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ope",
    abstract: "Tell what policies are worth from what another one logged.",
    discussion: """
      A log must have the probability with which each action was taken; it is never guessed.

      Examples:
        drr ope --data open-bandit-small.zip --behaviour bts --campaign men
        drr ope describe open-bandit-small.zip
        drr ope sessions sessions.csv --policy policy.csv
        drr ope simulate --write runs/synthetic
      """,
    subcommands: [Evaluate.self, Describe.self, Sessions.self, Simulate.self],
    defaultSubcommand: Evaluate.self)
}
