import ArgumentParser
import DRR

extension TrainCommand {
  struct Residual: SharesWork {
    static let configuration = CommandConfiguration(
      commandName: "residual",
      abstract: "Train the residual agent on logged items: a correction of the user posterior.",
      discussion: """
        The agent starts from what the user posterior predicts and learns to move it (residual \
        policy learning, Silver et al. 2018): first by cloning what training users liked, then by \
        twin critics over the items of their sessions. Without training it is the posterior; \
        `drr evaluate` has a row for that, one for the cloned policy and one for the trained one. \
        Beside the agent a myopic one is trained, with γ = 0, in the folder twin of the run.

        Examples:
          drr train residual --data ml-100k.zip --run runs/residual
          drr train residual --run runs/residual
          drr train residual --data ml-100k.zip --seeds 5 --splits 3 --run runs/many
        """)

    @OptionGroup var options: AgentCommandOptions<ResidualOptions>

    func run() throws { try options.train() }
  }
}

struct ResidualOptions: ParsableArguments, AgentSettings {
  @OptionGroup var shared: ActorCriticOptions
  @Option(help: "Updates by behavior cloning before the steps; 0: none. (default: 2000)")
  var bcUpdates: Int?
  @Flag(
    inversion: .prefixedNo,
    help: ArgumentHelp(
      "Under a streak effect, tell the agent the simulator's clusters and what an item earns by "
        + "itself; its row says so. Else it sees the rewards earned. (default: no)"))
  var tellClusters: Bool?

  var myopic: Bool? { shared.myopic }
  var trainsMyopic: Bool { true }

  func apply(to agent: inout ResidualAgentConfiguration) {
    shared.apply(to: &agent.training)
    shared.apply(to: &agent.ddpg)
    if let tellClusters { agent.training.tellsClusters = tellClusters }
    if let bcUpdates { agent.residual.cloningSteps = bcUpdates }
  }
}
