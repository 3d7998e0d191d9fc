import ArgumentParser

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Evaluate what a run has trained, beside baselines.",
    discussion: """
      Examples:
        drr evaluate --run runs/first
        drr evaluate irecgan --run runs/gan
      """,
    subcommands: [DRR.self, IRecGAN.self], defaultSubcommand: DRR.self)
}
