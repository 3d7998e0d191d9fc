import ArgumentParser

struct SimulateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate", abstract: "Let agents recommend in simulators.",
    discussion: """
      Examples:
        drr simulate --run runs/first
        drr simulate sessions --env tabular --policy mix --sessions 1000 --out mix
        drr simulate values --env tabular
        drr simulate world interest-evolution --candidates 50
        drr simulate sweep --sizes 200,1000 --policies max,mix --run runs/sweep

      Agents of `drr train irecgan` play in their log's simulator in `drr evaluate irecgan`.
      """,
    subcommands: [
      DRR.self, Sessions.self, Values.self, Sweep.self, Loop.self, SimulateVisitors.self,
      Worlds.self,
      World.self,
    ],
    defaultSubcommand: DRR.self)
}
