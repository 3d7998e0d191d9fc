import Foundation
import Platform
import Synchronization
import TestSupport

/// A server under load that is killed, whose writes fail, sent bodies that chance has changed, told
/// to read its models again, and left at work for long.
enum Serve: CampaignPart {
  static let name = "serve"
  static let summary =
    "a server killed under load, on disks that fail, sent any bytes, reloaded, and long at work"

  /// Kills, and reloads, at most.
  static let most = 100
  private static let connections = 3
  /// Lists that the server remembers: until then its memory grows.
  private static let remembered = 65_536

  static func run(in room: CampaignRoom) throws -> Tally {
    var tally = Tally()
    let world = try World(room.program)
    let begun = ContinuousClock.now
    func isOver(_ share: Double) -> Bool {
      ContinuousClock.now - begun > begun.duration(to: room.deadline) * share
    }
    try kills(world, room, &tally) { isOver(0.35) }
    try faults(world, room, &tally) { isOver(0.55) }
    try bodies(world, room, &tally) { isOver(0.75) }
    try reloads(world, room, &tally) { isOver(0.85) }
    try soak(world, room, &tally) { isOver(1) }
    return tally
  }

  /// A folder with the models `a` and `b`, of one kind and other numbers.
  struct World {
    let folder = TemporaryFolder()
    var path: String { folder.path }
    let items: [String]

    init(_ program: String) throws {
      for (seed, name) in [(1, "a"), (2, "b")] {
        for words in [
          [
            "train", "pmf", "--run", "run-\(name)", "--data", "generated:tiny", "--device", "cpu",
            "--dimension", "8", "--pmf-epochs", "4", "--seed", "\(seed)",
          ], ["export", "model", "run-\(name)", name],
        ] {
          let ending = try Subject.run(
            [program] + words, in: folder.path, limits: .init(seconds: 120))
          guard ending.cause == .code(0) else { throw Absent(description: "\(ending)") }
        }
      }
      let names = try JSONSerialization.jsonObject(with: folder.data("a/items.json"))
      items = (names as? [String: Any])?["ids"] as? [String] ?? []
    }
  }

  // MARK: - Kills

  /// What users were told is kept: by user, the items in their order, and whether the last of them
  /// was not answered.
  struct Told {
    var items: [String] = []
    var isOpen = false
  }

  private final class Kept: Sendable { let users = Mutex([String: Told]()) }

  /// Kills under load, on one log. What was answered 202 must be known to the next server, in its
  /// order, and nothing else but for the one that was not answered; and the state of every user must
  /// be that which the lines of the log tell.
  private static func kills(
    _ world: World, _ room: CampaignRoom, _ tally: inout Tally, _ isOver: () -> Bool
  ) throws {
    var draws = room.draws("serve kills")
    let kind = "a kill under load"
    let all = min(room.inputs ?? most, most)
    var (acknowledged, asked) = (0, 0)
    var before: [String: Told] = [:]
    for kill in 0...all {
      let server = try ServerSubject(
        room.program, ["--model", "a", "--log", "log", "--explore"], in: world.path)
      if kill > 0 {
        tally.count(
          kind, try lost(before, server, world), again: "./campaign serve --seed \(room.seed)")
      }
      if kill == all || (kill > 0 && isOver()) {
        tally.count("an end by SIGTERM", try server.ended(), again: "./campaign serve")
        break
      }
      let (told, items) = (Kept(), world.items)
      let load = ServerLoad(server.client, threads: connections) { connection, thread, turn in
        let user = "\(kill)-\(thread)-\(turn / 20)"
        let item = items[turn % items.count]
        told.users.withLock {
          $0[user, default: Told()].items.append(item)
          $0[user]!.isOpen = true
        }
        let taken = try connection.post(
          "/v1/feedback", #"{"user":"\#(user)","item":"\#(item)","rating":\#(1 + turn % 5)}"#)
        told.users.withLock { $0[user]!.isOpen = taken.status != 202 }
        let list = try connection.post("/v1/recommend", #"{"user":"\#(user)"}"#)
        return taken.status == 202 && list.status == 200
          ? nil : "\(taken.status), \(list.status): \(taken.text) \(list.text)"
      }
      usleep(UInt32.random(in: 50_000...500_000, using: &draws))
      load.expectEnd()
      server.subject.send(SIGKILL)
      load.wait()
      _ = try server.subject.wait()
      if let fault = load.firstFault { tally.failed(kind, fault, again: "./campaign serve") }
      before = told.users.withLock { $0 }
      asked += load.count
      acknowledged += before.values.reduce(0) { $0 + $1.items.count - ($1.isOpen ? 1 : 0) }
    }
    tally.notes.append("\(acknowledged) feedbacks were acknowledged before the kills.")
  }

  /// What of that a server with this log does not know; nil where it knows all.
  static func lost(
    _ told: [String: Told], _ server: ServerSubject, _ world: World, log: String = "log"
  ) throws -> String? {
    // As the lines of the log have it.
    var logged: [String: [String]] = [:]
    for name in try world.folder.names(log) where name.hasSuffix(".jsonl") {
      for line in try world.folder.data("\(log)/\(name)").split(separator: 10)
      where line.starts(with: #"{"event":"feedback""#.utf8) {
        guard let event = try JSONSerialization.jsonObject(with: line) as? [String: Any],
          let user = event["user"] as? String, let item = event["item"] as? String
        else { return "a line of feedback has no user or no item" }
        logged[user, default: []].append(item)
      }
    }
    for (user, told) in told {
      let acknowledged = told.isOpen ? Array(told.items.dropLast()) : told.items
      let found = logged[user] ?? []
      guard found == acknowledged || found == told.items else {
        return "user \(user) was told that \(acknowledged) is kept, and the log has \(found)"
      }
      let answer = try server.client.get("/v1/users/\(user)")
      let known = (answer.object["since"] as? [[String: Any]] ?? []).compactMap {
        $0["id"] as? String
      }
      guard known.reversed() == found else {
        return "of user \(user) the log has \(found), and the server knows \(known.reversed())"
      }
    }
    return nil
  }

  // MARK: - Bodies

  /// Requests that chance has changed: none is answered 500 or above, and none ends the process.
  private static func bodies(
    _ world: World, _ room: CampaignRoom, _ tally: inout Tally, _ isOver: () -> Bool
  ) throws {
    let seeds = [
      #"{"user":"1","top":3,"exclude":["2"],"genre":["Drama"]}"#,
      #"{"ratings":[{"item":1,"rating":4.5}],"top":3}"#, #"{"session":["1"]}"#,
      #"{"user":"1","item":"2","rating":3}"#, #"{"request":"ab","item":"2","reward":-1e3}"#,
    ]
    let signs = Array(#"-[]{}0123456789eE.",:ntf\u"#.utf8)
    var draws = room.draws("serve bodies")
    let server = try ServerSubject(room.program, ["--model", "a"], in: world.path)
    var connection = try HTTPConnection(port: server.client.port)
    var statuses: [Int: Int] = [:]
    for _ in 0..<(room.inputs ?? .max) {
      if room.inputs == nil, isOver() { break }
      var body = Array(seeds.randomElement(using: &draws)!.utf8)
      for _ in 0..<Int.random(in: 1...8, using: &draws) {
        let at = body.isEmpty ? 0 : Int.random(in: 0..<body.count, using: &draws)
        switch Int.random(in: 0..<5, using: &draws) {
        case 0 where !body.isEmpty: body[at] = .random(in: 0...255, using: &draws)
        case 1:
          let count = Int.random(in: 1...6, using: &draws)
          body.insert(
            contentsOf: (0..<count).map { _ in signs.randomElement(using: &draws)! }, at: at)
        case 2 where !body.isEmpty: body.remove(at: at)
        case 3: body.replaceSubrange(at..., with: Array(body[..<at]))
        default:
          let part = body[at...].prefix(20)
          let times = Int.random(in: 1...30, using: &draws)
          body.insert(contentsOf: (0..<times).flatMap { _ in part }, at: at)
        }
      }
      let path = Bool.random(using: &draws) ? "/v1/recommend" : "/v1/feedback"
      var fault: String?
      do {
        let answer = try connection.send(
          "POST", path, Data(body), headers: ["Content-Type": "application/json"])
        statuses[answer.status, default: 0] += 1
        if answer.status >= 500 { fault = "\(answer.status): \(answer.text)" }
      } catch {
        fault = server.subject.isRunning ? "\(error)" : "the server ended"
        connection = try HTTPConnection(port: server.client.port)
      }
      let escaped = body.map { "\\x" + String($0, radix: 16, digits: 2) }.joined()
      tally.count(
        "a body of chance", fault,
        again: "printf '\(escaped)' | curl -s --data-binary @- -H 'Content-Type: application/json' "
          + "localhost:8080\(path)")
    }
    tally.count("an end by SIGTERM", try server.ended(), again: "./campaign serve")
    tally.notes.append(
      "Bodies of chance were answered "
        + statuses.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
        .joined(separator: ", ") + ".")
  }

  // MARK: - Load

  /// A list of a user drawn by the turn; feedback that tells nothing of a taste to one in four.
  private static func ask(
    _ connection: HTTPConnection, _ thread: Int, _ turn: Int
  ) throws -> String? {
    let user = (turn * 7 + thread) % 50 + 1
    let list = try connection.post("/v1/recommend", #"{"user":"\#(user)"}"#)
    guard list.status == 200 else { return "\(list.status): \(list.text)" }
    guard turn % 4 == 0 else { return nil }
    guard let request = list.object["request"] as? String,
      let item = (list.object["items"] as? [[String: Any]])?.first?["id"] as? String
    else { return "no list: \(list.text)" }
    let taken = try connection.post(
      "/v1/feedback", #"{"request":"\#(request)","item":"\#(item)","click":false}"#)
    return taken.status == 202 ? nil : "\(taken.status): \(taken.text)"
  }

  /// Models that take each other's place under load: every reload is answered with another version,
  /// and no request fails.
  private static func reloads(
    _ world: World, _ room: CampaignRoom, _ tally: inout Tally, _ isOver: () -> Bool
  ) throws {
    let files = FileManager.default
    let live = world.path + "/live"
    try files.copyItem(atPath: world.path + "/a", toPath: live)
    let server = try ServerSubject(
      room.program, ["--model", "live", "--log", "reload-log", "--explore"], in: world.path)
    let load = ServerLoad(server.client, threads: connections, ask)
    var version: String?
    for reload in 0..<most {
      if reload > 0, isOver() { break }
      try files.removeItem(atPath: live)
      try files.copyItem(atPath: world.path + (reload % 2 == 0 ? "/b" : "/a"), toPath: live)
      let answer = try server.client.post("/admin/reload", "")
      let now = try server.client.post("/v1/recommend", #"{"user":"1"}"#).object["version"]
      tally.count(
        "a reload under load",
        answer.status != 200
          ? "\(answer.status): \(answer.text)"
          : now as? String == version ? "the version is \(version ?? "none") still" : nil,
        again: "./campaign serve")
      version = now as? String
      usleep(20_000)
    }
    load.wait()
    tally.count("load while models change", load.firstFault, again: "./campaign serve")
    tally.count("an end by SIGTERM", try server.ended(), again: "./campaign serve")
    tally.notes.append("\(load.count) turns were answered while models changed.")
  }

  /// Load for long: no request fails, and the memory does not grow once the server remembers as many
  /// lists as it will.
  private static func soak(
    _ world: World, _ room: CampaignRoom, _ tally: inout Tally, _ isOver: () -> Bool
  ) throws {
    let server = try ServerSubject(
      room.program, ["--model", "a", "--log", "soak-log", "--explore"], in: world.path)
    let load = ServerLoad(server.client, threads: connections, ask)
    var warm: Int?
    while !isOver(), server.subject.isRunning, load.firstFault == nil {
      if warm == nil, load.count > remembered + remembered / 8 { warm = server.resident }
      usleep(20_000)
    }
    let end = server.resident
    load.wait()
    tally.count("load for long", load.firstFault, again: "./campaign serve")
    let megabytes = { (bytes: Int) in "\(bytes / 1_000_000) MB" }
    if let warm, load.count > 2 * remembered {
      tally.count(
        "memory for long",
        end > warm + warm / 10 ? "\(megabytes(warm)) grew to \(megabytes(end))" : nil,
        again: "./campaign serve")
      tally.notes.append(
        "\(load.count) turns of the soak; resident \(megabytes(warm)) after \(remembered) lists, "
          + "\(megabytes(end)) at the end.")
    } else {
      tally.notes.append(
        "\(load.count) turns of the soak; resident \(megabytes(end)). Memory is judged from "
          + "\(2 * remembered) on.")
    }
    tally.count("an end by SIGTERM", try server.ended(), again: "./campaign serve")
  }
}
