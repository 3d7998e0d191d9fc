// Ranks held-out ratings by the agent that Train trained, beside baselines.
//   swift run Evaluate FOLDER
import DRR

let folder = RunFolder(CommandLine.arguments.dropFirst().first ?? "runs/example")
let backend = CPUBackend()
let experiment = try Experiment(reading: folder)
let (model, agent) = try experiment.trained(on: backend)

// Every ranker over the same test users; random and oracle are the two ends of the scale.
let evaluation = try experiment.evaluate(model, [AgentRanker("agent", agent)])
for ranker in evaluation.scores {
  let ndcg = ranker.mean(.ndcg, at: 5) ?? .nan
  print("\(decimal(ndcg, 3))  \(ranker.name)")
}

/// A ranker of one's own: the items that the user has not rated come in the order of their ids.
struct ByNumber: Ranker {
  let name = "item id"

  func rank(
    _ sessions: [Session], length: Int, progress: (_ sessionsDone: Int) -> Void
  ) throws -> RankedLists {
    RankedLists(picks: sessions.map { Array($0.candidates.sorted().prefix(length)) })
  }
}

let own = try OfflineEvaluation(sessions: experiment.sessions(), cutoffs: [5]).evaluate(ByNumber())
print("\(decimal(own.mean(.ndcg, at: 5) ?? .nan, 3))  \(own.name)")
let means = Dictionary(
  uniqueKeysWithValues: evaluation.scores.map { ($0.name, $0.mean(.ndcg, at: 5) ?? .nan) })
print("NDCG@5 of \(own.users.count) test users")
print("the agent beats a random order:", means["agent"]! > means["random"]!)
