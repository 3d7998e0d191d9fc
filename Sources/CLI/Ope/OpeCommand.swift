import ArgumentParser

struct OpeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ope",
    abstract: "Off-policy evaluation from a log of decisions.",
    discussion: """
      A log must have the probability with which each action was taken; it is never guessed.

      Examples:
        drr ope simulate --log-only --sizes 2000 --out synthetic
        drr ope --data synthetic/log.csv --policy synthetic/target.csv
        drr ope describe --data synthetic/log.csv
        drr ope sessions --data synthetic/sessions.csv --policy uniform
      """,
    subcommands: [Evaluate.self, Describe.self, Sessions.self, Simulate.self],
    defaultSubcommand: Evaluate.self)
}
