import ArgumentParser
import DRR

extension TrainCommand {
  struct DRR: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "drr", abstract: "Train DRR or the residual agent by DDPG, after its PMF.",
      discussion: """
        A run that was interrupted or killed goes on from its last checkpoint, to the same bits: \
        give the command again, or its --run alone. Beside the agent a myopic one is trained, with \
        γ = 0, in the folder twin of the run: the gap between the two measures planning.

        Examples:
          drr train drr --data ml-100k.zip --run runs/first
          drr train drr --run runs/first
          drr train drr --preset paper --no-myopic --data ml-100k.zip --run runs/paper
          drr train drr --data ml-100k.zip --seeds 5 --splits 3 --run runs/many
          drr train drr --steps 50000 --seed 1 --device opencl --run runs/gpu
        """)

    @OptionGroup var options: RunOptions
    @OptionGroup(title: "Data and PMF options") var settings: SettingOptions
    @OptionGroup(title: "Agent options") var agent: AgentOptions
    @OptionGroup var group: GroupOptions
    @OptionGroup var training: TrainingOptions
    @OptionGroup var device: DeviceOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      try AgentTraining(
        options: options, settings: settings, agent: agent, group: group,
        training: training, device: device
      ).run(output)
    }
  }
}
