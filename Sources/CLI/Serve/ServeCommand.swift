import ArgumentParser
import DRR
import Feedback
import Kernels
import Platform
import Server
import Tensor

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "Recommend over HTTP, and keep what users make of it.",
    discussion: """
      Answers POST /v1/recommend and POST /v1/feedback; /openapi.json tells all of it. Models are \
      those of `drr export model`. Several models share out the users, each user to the same one; \
      --traffic sets the shares. What is served and what comes of it goes to --log, from which \
      `drr ope` tells what another model would have earned. With --explore lists are drawn from the \
      best items, and the log has the probability of each.

      It answers this machine alone unless --token-file is given: then every request brings \
      Authorization: Bearer TOKEN. SIGTERM and Control-C end what is under way first; SIGHUP and \
      POST /admin/reload read the models again.

      Examples:
        drr serve --model models/first
        drr serve --model models/first --log feedback --explore
        drr serve --model a=models/first --model b=models/next --traffic 9 --traffic 1
        curl -s localhost:8080/v1/recommend -H 'Content-Type: application/json' -d '{"user":"196"}'
      """)

  @Option(
    help: ArgumentHelp(
      "The folder of a model that `drr export model` wrote, with a name in front where the folder's "
        + "is not to be it; may repeat.", valueName: "[name=]folder"), completion: .directory)
  var model: [String] = []
  @Option(
    help: ArgumentHelp(
      "The weight of each --model among the users, in their order; may repeat. (default: all "
        + "users to the first)", valueName: "weight"))
  var traffic: [Double] = []
  @Option(help: "The address to listen at.")
  var host = "127.0.0.1"
  @Option(help: "The port to listen at; 0 takes a free one.")
  var port = 8_080
  @Option(
    help: ArgumentHelp(
      "The folder of the feedback log. (default: feedback is forgotten with the process)",
      valueName: "folder"), completion: .directory)
  var log: String?
  @Flag(help: "Answer when the disk has a line, not within a tenth of a second.")
  var durable = false
  @Flag(help: "Draw lists from the best items, by known probabilities.")
  var explore = false
  @Option(help: "ε of --explore: the chance of a uniform draw.")
  var epsilon = Exploration().epsilon
  @Option(
    help: "The softmax temperature of --explore, in standard deviations of the best items' scores.")
  var temperature = Exploration().temperature
  @Option(help: "Of --explore: the best items that lists are drawn from.")
  var candidates = Exploration().candidates
  @Option(
    help: ArgumentHelp(
      "Learn from feedback as it comes, on top of the model: linucb, by item vectors, so that what is "
        + "learned of an item tells of those like it; items, every item by itself. (default: the "
        + "model stays as it is)", valueName: "how"))
  var learn: OnlineLearner.Kind?
  @Option(
    help:
      "α of --learn: what a standard deviation of not knowing counts for, in reward. (default: 0)")
  var learnAlpha: Double?
  @Option(
    help: "λ of --learn: the feedbacks that the model's own score counts for. (default: 10)")
  var learnRidge: Double?
  @Option(
    help: "Of --learn: the best items of the model that are put in order anew. (default: 200)")
  var learnPool: Int?
  @Option(
    help: ArgumentHelp(
      "A file whose first line every request has to bring.", valueName: "file"),
    completion: .file())
  var tokenFile: String?
  @Option(
    help: ArgumentHelp(
      "A further name of this server, as a proxy passes it on; may repeat.", valueName: "name"))
  var allowHost: [String] = []
  @Option(help: "Connections at once; more wait.")
  var connections = 1_024
  @Option(help: "Seconds that requests under way have after SIGTERM.")
  var drain = 10
  @Flag(help: "Log every request, a line of JSON on standard error.")
  var logRequests = false
  @Option(help: "Seed of the exploration. (default: another one each time)")
  var seed: UInt64?
  @OptionGroup var device: DeviceOptions

  func validate() throws {
    guard !model.isEmpty else {
      throw ValidationError(
        "no model is named; add --model FOLDER, which `drr export model RUN FOLDER` writes.")
    }
    if !traffic.isEmpty, traffic.count != model.count {
      throw ValidationError(
        "--traffic is given \(traffic.count) times for \(model.count) models; give it once for each "
          + "--model.")
    }
    if let bad = traffic.first(where: { !($0 >= 0 && $0.isFinite) }) {
      throw ValidationError("--traffic is \(bad); it must be 0 or more.")
    }
    if !traffic.isEmpty, traffic.reduce(0, +) == 0 {
      throw ValidationError("every --traffic is 0; give one model a weight above 0.")
    }
    let names = places.map(\.name)
    if let name = names.first(where: { name in names.count { $0 == name } > 1 }) {
      throw ValidationError(
        "two models are named \(name); name one otherwise, as --model other=FOLDER.")
    }
    if places.contains(where: { $0.name.isEmpty || $0.folder.isEmpty }) {
      throw ValidationError("a --model has no name or no folder; write FOLDER or NAME=FOLDER.")
    }
    if !(0...65_535).contains(port) {
      throw ValidationError("--port is \(port); it must be 0 ... 65535.")
    }
    if drain < 0 { throw ValidationError("--drain is \(drain); it must be 0 or more.") }
    if connections < 1 {
      throw ValidationError("--connections is \(connections); it must be at least 1.")
    }
    if learn == nil,
      let option = Commands.firstGiven([
        ("--learn-alpha", learnAlpha != nil), ("--learn-ridge", learnRidge != nil),
        ("--learn-pool", learnPool != nil),
      ])
    {
      throw ValidationError("\(option) is of what learns, and nothing does; add --learn linucb.")
    }
    if durable, log == nil {
      throw ValidationError("--durable is of a log, and there is none; add --log FOLDER.")
    }
    if settings.isOpen, tokenFile == nil {
      throw ValidationError(
        "--host \(host) lets other machines in, and nothing asks who they are; add --token-file "
          + "FILE, or leave --host out.")
    }
  }

  private var places: [(name: String, folder: String)] {
    model.map { text in
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2, !parts[0].contains("/") { return (String(parts[0]), String(parts[1])) }
      let last = text.split(separator: "/").last.map(String.init) ?? ""
      return (last, text)
    }
  }

  private var settings: Server.Settings {
    var settings = Server.Settings()
    settings.models = places.enumerated().map { place, model in
      (model.name, model.folder, traffic.isEmpty ? (place == 0 ? 1 : 0) : traffic[place])
    }
    (settings.host, settings.port, settings.log) = (host, port, log)
    settings.logging.isDurable = durable
    settings.exploration =
      explore
      ? Exploration(epsilon: epsilon, temperature: temperature, candidates: candidates) : nil
    settings.learning = learn.map { kind in
      var learning = OnlineLearner.Settings()
      learning.kind = kind
      if let learnAlpha { learning.alpha = learnAlpha }
      if let learnRidge { learning.ridge = learnRidge }
      if let learnPool { learning.pool = learnPool }
      return learning
    }
    settings.seed = seed ?? .random(in: 0...UInt64.max)
    settings.hosts = allowHost
    settings.connections = connections
    settings.drainSeconds = drain
    settings.logsRequests = logRequests
    return settings
  }

  func run() throws {
    var settings = settings
    settings.token = try tokenFile.map { try ServerToken.read($0) }
    let device = try device.hostDevice()
    let server = try Server(settings, on: { try DeviceCatalog.backend(for: device) }) {
      Console.note($0)
    }
    for line in server.summary { Console.note(line) }
    if let log {
      Console.note(
        "log: \(log)" + (server.userCount > 0 ? ", \(grouped(server.userCount)) users" : ""))
    }
    do {
      try awaited { [host] in
        try await server.run { port in
          Console.note(
            "listening on http://\(host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host):"
              + "\(port); end it with Control-C")
        }
      }
    } catch {
      throw RunError("cannot serve at \(host):\(port): \(Server.reason(of: error))")
    }
    Console.note("ended; what was under way is answered")
  }
}

/// What every request has to bring, where the server asks for it.
enum ServerToken {
  static func read(_ path: String) throws -> String {
    guard let bytes = FileManager.default.contents(atPath: path) else {
      throw RunError("cannot read --token-file \(path); make one: openssl rand -hex 32 > FILE")
    }
    let token = String(decoding: bytes.prefix { $0 != 10 && $0 != 13 }, as: UTF8.self)
    guard token.utf8.count >= 16 else {
      throw RunError(
        "the first line of --token-file \(path) has \(token.utf8.count) bytes; a token needs 16 or "
          + "more")
    }
    return token
  }
}

extension OnlineLearner.Kind: ExpressibleByArgument {
  public static var allValueDescriptions: [String: String] { [:] }
}
