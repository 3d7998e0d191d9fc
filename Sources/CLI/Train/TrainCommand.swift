import ArgumentParser

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Train a PMF or an agent.",
    discussion: """
      Examples:
        drr train drr --run runs/first
        drr train pmf --data ml-1m.zip --run runs/million
      """,
    subcommands: [
      PMF.self, DRR.self, Residual.self, Planner.self, IRecGAN.self, Q.self, SarsaLambda.self,
      MultiQ.self, DQN.self, PG.self, GRU.self, DDPG.self, SlateQ.self,
    ])
}
