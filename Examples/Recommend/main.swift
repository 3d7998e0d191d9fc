// Recommends by the agent that Train trained: to a user of the data, and to somebody new.
//   swift run Recommend FOLDER
import DRR

let folder = RunFolder(CommandLine.arguments.dropFirst().first ?? "runs/example")
let experiment = try Experiment(reading: folder)
let (model, agent) = try experiment.trained(on: CPUBackend())
let log = experiment.log

@MainActor func list(_ request: Experiment.Request, to recipient: String) throws {
  print("to \(recipient):")
  let items = try experiment.recommend(request, count: 3, model: model, agent: agent)
  for (rank, item) in items.enumerated() {
    print(
      "  \(rank + 1). \(log.title(ofItem: item.item)), PMF predicted rating",
      decimal(item.predictedRating, 2))
  }
  precondition(items.count == 3 && items.allSatisfy { !request.known.contains($0.item) })
}

// A user by the id that the data have; what was rated is not recommended again.
let user = log.userIDs[0]
try list(experiment.request(user: user), to: "user \(user)")
// Somebody new, by ids or titles of liked items.
let liked = Array(try experiment.request(user: user).liked.suffix(2)).map { log.itemIDs[$0] }
try list(
  experiment.request(liked: liked, model: model),
  to: "a new user who likes \(liked.map { "item \($0)" }.joined(separator: " and "))")
