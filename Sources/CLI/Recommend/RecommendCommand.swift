import ArgumentParser
import DRR
import Kernels
import Tensor

struct RecommendCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recommend", abstract: "List what a trained agent would recommend.",
    usage: "drr recommend [<options>]",
    discussion: """
      For a user of the data, or for a new user who likes some items: ids or titles, whole or in \
      part. Items without a training rating are left out, and those the user has rated.

      Examples:
        drr recommend --run runs/first --user 196 --top 10
        drr recommend --run runs/first --liked "Toy Story (1995)" --liked 50
      """)

  @OptionGroup var options: RunOptions
  @OptionGroup var place: RunDataOption
  @Option(help: "The id of a user of the data.")
  var user: String?
  @Option(help: "A liked item, by id or title; may repeat, the latest last.")
  var liked: [String] = []
  @Option(help: "Items to list.")
  var top = 10
  @OptionGroup var device: DeviceOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if (user == nil) == liked.isEmpty {
      throw ValidationError("name a --user, or items that are --liked.")
    }
    if liked.contains("") { throw ValidationError("--liked is empty; name an item.") }
    if top < 1 { throw ValidationError("--top is \(top); it must be at least 1.") }
  }

  private struct Item: Encodable {
    var rank: Int
    var id: String
    var title: String
    var score: Float
    var predictedRating: Double
  }

  func run() throws {
    let (experiment, model) = try reopen(options, data: place.data)
    // A single forward pass: measuring the devices would take longer.
    var device = device
    if device.device == .auto { device.device = .cpu }
    let backend = try device.sessionBackend()
    let agent = try experiment.readAgent(model, on: backend)
    try experiment.noteUnfinished()
    let request =
      try user.map { try experiment.request(user: $0) }
      ?? experiment.request(liked: liked, model: model)
    let items = try experiment.recommend(request, count: top, model: model, agent: agent)
      .enumerated().map { rank, item in
        Item(
          rank: rank + 1, id: experiment.log.itemIDs[item.item],
          title: experiment.log.title(ofItem: item.item), score: item.score,
          predictedRating: item.predictedRating)
      }
    for note in request.notes { Console.note(note) }
    if output.json { return try Console.result(RunFolder.json(items, pretty: true)) }
    try Console.result(
      Table(
        rows: [["title", "id", "PMF predicted rating"]]
          + items.map { ["\($0.rank). \($0.title)", $0.id, decimal($0.predictedRating, 2)] }
      ).text)
  }
}
