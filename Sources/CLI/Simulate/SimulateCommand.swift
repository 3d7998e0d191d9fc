import ArgumentParser

struct SimulateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate", abstract: "Let agents recommend in simulated worlds.",
    discussion: """
      Examples:
        drr simulate --run runs/first
        drr simulate irecgan --run runs/gan
        drr simulate sessions --world tabular --policy mix --sessions 1000 --out logs/mix
        drr simulate values --world tabular
        drr simulate sweep --sizes 200,1000 --policies max,mix --seeds 3 --run runs/sweep
      """,
    subcommands: [DRR.self, IRecGAN.self, Sessions.self, Values.self, Sweep.self],
    defaultSubcommand: DRR.self)
}
