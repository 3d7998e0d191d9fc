import Agents
import DRRCore
import Factorization
import Planning
import Tensor

/// The myopic copy of an agent: the same settings with γ = 0, which looks no step ahead. The gap
/// between the two measures planning.
extension Experiment {
  /// The run of the myopic baseline (γ = 0), in a folder inside this run's; nil for an agent with
  /// γ = 0 itself. Where the agent is the best of its validations, the myopic one is kept at the
  /// same step.
  public var myopic: Experiment? {
    guard var agent = configuration.agent?.myopic else { return nil }
    let begun = try? folder.myopic.read(RunConfiguration.self)?.agent
    if let begun {
      agent.training.keptStep = begun.training.keptStep
    } else if agent.training.choice == .best {
      agent.training.keptStep = try? policyHistory()?.step
    }
    var myopic = self
    myopic.configuration.agent = agent
    myopic.configuration.myopic = nil
    myopic.folder = folder.myopic
    return myopic
  }

  /// What tables call the myopic baseline (γ = 0).
  public var myopicName: String { "\(agentName) γ=0" }

  /// The trained myopic baseline (γ = 0); nil if there is none.
  public func readMyopic(
    _ model: PMFModel, on backend: any Backend
  ) throws -> (run: Experiment, agent: any SessionAgent)? {
    // A planner with γ = 0 is the same model and a shorter plan.
    if let settings = configuration.agent as? PlannerConfiguration, settings.discount > 0,
      let planner = try readAgent(model, on: backend) as? Planner
    {
      return (self, planner.discounting(0))
    }
    guard let myopic, folder.hasMyopic else { return nil }
    return (myopic, try myopic.readAgent(model, on: backend))
  }

  /// Trains the agent and then its myopic baseline (γ = 0) on the same factorisation; each is half
  /// of one progress, and the first is given up before the second is made.
  public func trainWithMyopic(
    _ model: PMFModel, on backend: any Backend, _ observer: Observer = Observer(),
    among ranks: any Collective = SoleCollective()
  ) throws -> (steps: Int, last: TrainingProgress?) {
    func train(_ observer: Observer) throws -> (steps: Int, last: TrainingProgress?) {
      let (trainer, last) = try trainAgent(model, on: backend, observer, among: ranks)
      return (trainer.step, last)
    }
    guard myopic != nil else { return try train(observer) }
    var (own, its) = (observer, observer)
    // What is true of both is said once.
    var noted: Set<String> = []
    own.note = {
      noted.insert($0)
      observer.note($0)
    }
    its.note = { if !noted.contains($0) { observer.note($0) } }
    own.progress = { observer.progress($0, 2 * $1, $2) }
    its.progress = { observer.progress($1 + $0, 2 * $1, "\($2), γ = 0") }
    let trained = try train(own)
    // Only now is it known at which step the two are compared.
    let myopic = myopic!
    try ranks.barrier()
    if ranks.leads {
      try myopic.begin()
      try myopic.take(model, on: backend)
      try myopic.takeBeliefs(of: self, on: backend)
    }
    try ranks.barrier()
    do {
      _ = try myopic.trainAgent(model, on: backend, its, among: ranks)
    } catch let interrupted as Interrupted {
      throw Interrupted(step: trained.steps + interrupted.step)
    }
    return trained
  }
}
