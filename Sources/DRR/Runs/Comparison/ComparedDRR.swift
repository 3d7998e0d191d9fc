import Agents
import DRRCore
import DRRData
import Evaluation
import Factorization
import Tensor

/// A run of DRR or of PMF alone.
public struct ComparedDRR: ComparedRun {
  public static let algorithms = RunConfiguration.algorithms
  let folder: RunFolder
  let configuration: RunConfiguration

  public init(_ folder: RunFolder) throws {
    guard let configuration = try folder.read(RunConfiguration.self) else {
      throw folder.absence()
    }
    self.folder = folder
    self.configuration = configuration
  }

  public var data: DataIdentity { configuration.data }
  public var evaluation: EvaluationProtocol { configuration.evaluation }
  public var scale: RewardScale { configuration.scale }
  public var window: Int { configuration.agent?.training.window ?? 0 }

  private func experiment(_ log: RatingsLog) throws -> (run: Experiment, model: PMFModel) {
    let run = try Experiment(configuration, log: log, folder: folder)
    guard let model = try run.readModel() else {
      throw RunError(
        "\(folder.path): its PMF is not trained yet; use `drr \(configuration.command) --run "
          + "\(folder.path)`")
    }
    return (run, model)
  }

  public func factorization(of log: RatingsLog) throws -> PMFModel? {
    try experiment(log).model
  }

  /// The agent and its myopic baseline (γ = 0); none if PMF alone was fitted.
  public func contestants(
    _ log: RatingsLog, _ split: UserSplit, seed: UInt64, on backend: any Backend
  ) throws -> [Contestant] {
    guard configuration.agent != nil else { return [] }
    let (run, model) = try experiment(log)
    var found = [try contestant(run, run.agentName, run.readAgent(model, on: backend))]
    if let myopic = try run.readMyopic(model, on: backend) {
      found.append(try contestant(myopic.run, run.myopicName, myopic.agent))
    }
    return found
  }

  private func contestant(
    _ run: Experiment, _ name: String, _ agent: any SessionAgent
  ) throws -> Contestant {
    let (steps, wanted) = (try run.trainedSteps() ?? 0, try run.agent.totalSteps)
    return Contestant(
      name, try SessionAgentScorer(name, agent, window: window, run.statistics),
      WindowedRanker(window: window, ranker: AgentRanker(name, agent)),
      remark: steps < wanted
        ? "\(run.folder.path): the agent is not fully trained: \(steps) of \(wanted) steps" : nil)
  }
}

/// Shows a ranker no more of the liked items that a session begins with than it is made for.
struct WindowedRanker: Ranker {
  let window: Int
  let ranker: any Ranker
  var name: String { ranker.name }

  func rank(
    _ sessions: [Session], length: Int, progress: (_ sessionsDone: Int) -> Void
  ) throws -> RankedLists {
    let shown = sessions.map {
      Session(
        user: $0.user, history: $0.history.suffix(window), known: $0.known,
        candidates: $0.candidates, rewards: $0.rewards, logged: $0.logged)
    }
    return try ranker.rank(shown, length: length, progress: progress)
  }
}
