import Foundation
import TestSupport

extension Serve {
  /// Calls that change files, as the shim of ``WriteFaults`` has them, and how many a server makes
  /// while it is asked here.
  private static let calls = [
    ("open", 2), ("write", 60), ("fsync", 4), ("rename", 1), ("mkdir", 1),
  ]
  private static let errors = ["\(ENOSPC)", "\(EIO)", "\(EINTR)", "kill"]

  /// One call of a server that changes files fails, is torn, or is its last. It refuses what it
  /// cannot keep, and ends with a sentence where it ends; what was answered 202 is known to the next
  /// server.
  static func faults(
    _ world: World, _ room: CampaignRoom, _ tally: inout Tally, _ isOver: () -> Bool
  ) throws {
    let build = TemporaryFolder()
    let shim = try WriteFaults.buildShim(in: build)
    var draws = room.draws("serve writes")
    for number in 0..<min(room.inputs ?? most, most) {
      if number > 0, isOver() { break }
      let (call, count) = calls.randomElement(using: &draws)!
      let kinds = errors + (call == "write" ? ["short", "tear", "torn"] : [])
      let fault = kinds.randomElement(using: &draws)!
      let settings = [
        "LD_PRELOAD": shim, "SHIM_CALL": call, "SHIM_FAULT": fault,
        "SHIM_AT": "\(Int.random(in: 1...count, using: &draws))",
      ]
      let log = "log-\(number)"
      var found: String?
      do { found = try trial(world, room, settings, log: log) } catch { found = "\(error)" }
      tally.count(
        "a write that fails",
        found.map { "\(call) \(settings["SHIM_AT"]!), \(fault): \($0)" },
        again: "./campaign serve --seed \(room.seed)")
      try? world.folder.remove(log)
    }
  }

  private static func trial(
    _ world: World, _ room: CampaignRoom, _ settings: [String: String], log: String
  ) throws -> String? {
    let words = ["--model", "a", "--log", log, "--explore"]
    let isKilled = ["kill", "torn"].contains(settings["SHIM_FAULT"])
    var told: [String: Told] = [:]
    do {
      let server = try ServerSubject(room.program, words, in: world.path, environment: settings)
      told = try ask(server, world)
      guard let ending = try server.ending() else { return "the server did not heed SIGTERM" }
      let isRight = isKilled && ending.cause == .signal(SIGKILL)
      if !isRight, let fault = ending.fault { return fault }
      // A program goes on as if nothing were.
      if ["\(EINTR)", "short"].contains(settings["SHIM_FAULT"]), ending.cause != .code(0) {
        return "it ends with \(ending)"
      }
      if !isKilled, let left = Tree(world.path).temporaries.first { return "\(left) is left" }
    } catch let absence as Absent {
      // It did not begin, and said why.
      let maySaySo = settings["SHIM_FAULT"] != "\(EINTR)"
      guard isKilled || maySaySo && absence.description.contains("Error: ") else {
        return "\(absence)"
      }
    }
    let next = try ServerSubject(room.program, words, in: world.path)
    return try lost(told, next, world, log: log) ?? next.ended()
  }

  /// Feedback of three users, until some is not taken; what they were told is kept.
  private static func ask(_ server: ServerSubject, _ world: World) throws -> [String: Told] {
    var told: [String: Told] = [:]
    let connection = try HTTPConnection(port: server.client.port)
    for turn in 0..<60 {
      let (user, item) = ("\(turn / 20)", world.items[turn % world.items.count])
      told[user, default: Told()].items.append(item)
      told[user]!.isOpen = true
      let body = #"{"user":"\#(user)","item":"\#(item)","rating":\#(1 + turn % 5)}"#
      guard let taken = try? connection.post("/v1/feedback", body), taken.status == 202 else {
        break
      }
      told[user]!.isOpen = false
      // The log's clock comes to its next wait for the disk.
      if turn % 20 == 19 { usleep(150_000) }
    }
    return told
  }
}
