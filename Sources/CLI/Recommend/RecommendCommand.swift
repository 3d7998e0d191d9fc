import ArgumentParser
import DRR
import Kernels
import Tensor

struct RecommendCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recommend", abstract: "List what a trained run or an exported model recommends.",
    usage: "drr recommend [<options>]",
    discussion: """
      For a user of the data, with all that they have rated; for a new user, by what was rated or \
      is liked; for the clicks of a session (IRecGAN); or for many users at once, into a file. An \
      item is named by its id, or by its title, whole, without its year or in part; what was \
      understood is printed. Items without a training rating are left out, and those that were \
      rated. Of a folder of several runs the best in validation recommends.

      Examples:
        drr recommend --run runs/first --user 196 --top 10
        drr recommend --run runs/first --rated "Heat=2" --rated 50=5 --genre Drama
        drr recommend --model models/first --liked "Toy Story (1995)" --exclude 50
        drr recommend --model models/first --users all --out lists.csv
        drr recommend --run runs/gan --session 3 --session 17
      """)

  @OptionGroup var place: PlaceOptions
  @OptionGroup var recipient: RecipientOptions
  @Option(help: "An item not to recommend; may repeat.")
  var exclude: [String] = []
  @Option(help: "A genre that items must be of; may repeat: of any of them.")
  var genre: [String] = []
  @Option(help: "Items to list.")
  var top = 10
  @Option(
    help: ArgumentHelp(
      "Of --users: the file of the lists, .csv or .jsonl.", valueName: "file"),
    completion: .file(extensions: ["csv", "jsonl"]))
  var out: String?
  @OptionGroup var device: DeviceOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if top < 1 { throw ValidationError("--top is \(top); it must be at least 1.") }
    for (name, values) in [("--exclude", exclude), ("--genre", genre)] where values.contains("") {
      throw ValidationError("\(name) is empty; name one, or leave it out.")
    }
    if (recipient.users == nil) != (out == nil) {
      throw ValidationError(
        out == nil
          ? "--users needs a file for its lists; add --out lists.csv."
          : "--out \(out!) is for the lists of --users; add --users all, or leave it out.")
    }
    if let out { try RowFile.requireName(out, "--out") }
  }

  func run() throws {
    let device = try device.hostDevice()
    let model = try place.model(
      users: recipient.users == nil ? recipient.user.map { [$0] } ?? [] : nil,
      on: DeviceCatalog.backend(for: device))
    let policy = try ServingPolicy(model) { try DeviceCatalog.backend(for: device) }
    let only = genre.isEmpty ? nil : try model.items.items(ofGenres: genre)
    let excluded = try exclude.map { try model.items.item(named: $0) }
    var understood = Understood()
    understood.exclude = excluded.isEmpty ? nil : excluded.map { .init(model, $0) }
    understood.genres = genre.isEmpty ? nil : genre
    if let users = recipient.users {
      let ids = try recipient.ids(users, model)
      understood.note()
      return try recommend(
        toUsers: ids, model, policy, Request(.user(0), exclude: Set(excluded), only: only))
    }
    let asked = try recipient.recipient(of: model, &understood)
    let list = try policy.recommend(
      [Request(asked, exclude: Set(excluded), only: only)], count: top)[0]
    understood.note()
    try print(list, model, understood)
  }

  private struct Item: Encodable {
    var rank: Int
    var id: String
    var title: String
    var score: Float
    var predictedRating: Double?
  }

  private struct Answer: Encodable {
    var agent: String
    var understood: Understood
    var items: [Item]
  }

  private func print(
    _ list: [Recommendation], _ model: ExportedModel, _ understood: Understood
  ) throws {
    let items = list.enumerated().map { place, item in
      Item(
        rank: place + 1, id: model.items.ids[item.item], title: model.items.title(item.item),
        score: item.score, predictedRating: item.predictedRating)
    }
    if items.isEmpty {
      Console.note("nothing is left to recommend among \(grouped(model.items.count)) items")
    }
    let hasRatings = model.factorization != nil
    let rows = items.map { item in
      ["\(item.rank). \(item.title)", item.id, decimal(Double(item.score), 4)]
        + (item.predictedRating.map { [decimal($0, 2)] } ?? [])
    }
    try output.print(
      Answer(agent: model.header.agent, understood: understood, items: items),
      Table(
        rows: [["title", "id", "score"] + (hasRatings ? ["PMF predicted rating"] : [])] + rows
      ).text)
  }

  private struct Written: Encodable {
    var out: String
    var users: Int
    var seconds: Double
    var usersPerSecond: Double
  }

  /// Lists of many users, in a file.
  private func recommend(
    toUsers users: [Int], _ model: ExportedModel, _ policy: ServingPolicy, _ request: Request
  ) throws {
    let start = ContinuousClock.now
    var file = RowFile(
      out!, columns: ["user", "rank", "item", "title", "score", "predictedRating"])
    for first in stride(from: 0, to: users.count, by: 8_192) {
      let part = users[first..<min(first + 8_192, users.count)]
      let lists = try policy.recommend(
        part.map { user in
          var request = request
          request.recipient = .user(user)
          return request
        }, count: top)
      for (user, list) in zip(part, lists) {
        let id = RowFile.Cell.text(model.users.ids[user])
        for (place, item) in list.enumerated() {
          file.add([
            id, .number(Double(place + 1)), .text(model.items.ids[item.item]),
            .text(model.items.title(item.item)), .score(item.score),
            item.predictedRating.map { .score(Float($0)) } ?? .none,
          ])
        }
      }
    }
    try file.write()
    let seconds = (ContinuousClock.now - start).seconds
    let rate = Double(users.count) / max(seconds, 1e-9)
    try output.print(
      Written(out: out!, users: users.count, seconds: seconds, usersPerSecond: rate),
      "\(out!): \(top) items for each of \(grouped(users.count)) users, in "
        + "\(decimal(seconds, 3)) s: \(grouped(Int(rate))) users a second")
  }
}

/// What recommends.
struct PlaceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The folder of a trained run, or of several. (default: runs/default)", valueName: "folder"),
    completion: .directory)
  var run: String?
  @Option(
    help: ArgumentHelp(
      "The folder of a model that `drr export model` wrote, in place of a run.",
      valueName: "folder"), completion: .directory)
  var model: String?
  @OptionGroup var place: RunDataOption

  func validate() throws {
    for (name, value) in [("--run", run), ("--model", model)] where value == "" {
      throw ValidationError("\(name) is empty; name a folder.")
    }
    guard let model else { return }
    if let run {
      throw ValidationError("--run \(run) and --model \(model) both recommend; leave one out.")
    }
    if let data = place.data {
      throw ValidationError(
        "--data is \(data), and --model \(model) brings all that it needs; leave --data out.")
    }
  }

  /// - Parameter users: ids of the users that will be asked for; nil: all.
  func model(users: [String]?, on backend: any Backend) throws -> ExportedModel {
    if let model { return try ExportedModel(folder: model) }
    return try exportedModel(
      of: RunFolder(run ?? "runs/default"), data: place.data, users: users, on: backend)
  }
}
