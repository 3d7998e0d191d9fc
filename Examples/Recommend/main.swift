// Recommends by the agent that Train trained: to a user of the data, and to somebody new.
//   swift run Recommend FOLDER
import DRR

let folder = CommandLine.arguments.dropFirst().first ?? "runs/example"
// What recommending needs and nothing else. Written once, it is read in a fraction of a second.
try Experiment(reading: RunFolder(folder)).exportedModel(on: CPUBackend())
  .write(toFolder: folder + "/model")
let model = try ExportedModel(folder: folder + "/model")
// Safe to be asked by any number of tasks; a backend is made for each that asks at the same time.
let policy = try ServingPolicy(model) { CPUBackend() }

@MainActor func list(to recipient: Request.Recipient, _ name: String) throws -> [Recommendation] {
  let items = try policy.recommend(to: recipient, count: 3)
  print("to \(name):")
  for (rank, item) in items.enumerated() {
    print(
      "  \(rank + 1). \(model.items.label(item.item)), PMF predicted rating",
      decimal(item.predictedRating ?? .nan, 2))
  }
  return items
}

// A user of the data, with all that was rated, none of which is recommended again.
let first = try list(to: .user(0), "user \(model.users.ids[0])")
let rated = Set(model.users.rated(by: 0).items.map { Int($0) })
// Somebody new: ratings, dislikes among them, and what is liked, by id or title.
let guest = Guest(
  rated: [.init(item: first[2].item, rating: 1)],
  liked: [try model.items.item(named: model.items.title(first[0].item))])
let liked = model.items.label(guest.liked[0])
let second = try list(to: .guest(guest), "a new user who likes \(liked)")
let known = Set(guest.liked + guest.rated.map(\.item))
print(
  "nobody is shown what they know:",
  first.count + second.count == 6
    && rated.isDisjoint(with: first.map(\.item)) && known.isDisjoint(with: second.map(\.item)))
