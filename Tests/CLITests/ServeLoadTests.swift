import Foundation
import Synchronization
import TestSupport
import Testing

@Suite("drr serve under load")
struct ServeLoadTests {
  /// Threads of their own: those that are shared may all be waiting in other tests.
  private static func threads(
    _ count: Int, in group: DispatchGroup, _ body: @escaping @Sendable (Int) -> Void
  ) {
    for number in 0..<count {
      group.enter()
      Thread {
        body(number)
        group.leave()
      }.start()
    }
  }

  @Test("a reload under load loses no request, and a model that is damaged is refused")
  func reload() throws {
    let folder = try TestServer.models.get()
    let scratch = Scratch()
    func copy(_ name: String) throws {
      let outcome = try Program.run(
        ["export", "model", "\(folder.path)/\(name)", "live"], in: scratch)
      #expect(outcome.code == 0, "\(outcome.description)")
    }
    try copy("pmf")
    let (program, client) = try TestServer.start(["--model", "live"], in: scratch)
    let isOver = Mutex(false)
    let failures = Mutex<[String]>([])
    let versions = Mutex<Set<String>>([])
    let group = DispatchGroup()
    Self.threads(3, in: group) { thread in
      while !isOver.withLock({ $0 }) {
        do {
          let answer = try client.post("/v1/recommend", #"{"user":"\#(thread)","top":2}"#)
          if answer.status != 200 { failures.withLock { $0.append(answer.text) } }
          versions.withLock { _ = $0.insert(answer.object["version"] as? String ?? "") }
        } catch {
          failures.withLock { $0.append("\(error)") }
        }
      }
    }
    func isAnswered() throws -> Bool {
      let answer = try client.get("/v1/models").object["models"] as? [[String: Any]]
      let version = answer?.first?["version"] as? String ?? ""
      let deadline = Date() + 30
      program.until { versions.withLock { $0.contains(version) } || Date() > deadline }
      return versions.withLock { $0.contains(version) }
    }
    #expect(try isAnswered())
    for name in ["drr", "pmf", "drr"] {
      try copy(name)
      #expect(try client.send("POST", "/admin/reload").status == 200)
      #expect(try isAnswered())
    }
    let before = try client.get("/v1/models").text
    try scratch.write("live/items.json", "{}")
    let refused = try client.send("POST", "/admin/reload")
    #expect(refused.status == 500 && refused.detail.contains("the models before go on answering"))
    #expect(try client.get("/v1/models").text == before)
    isOver.withLock { $0 = true }
    group.wait()
    #expect(failures.withLock { $0 } == [])
    #expect(versions.withLock { $0.count } == 2)
    try TestServer.end(program)
  }

  @Test("killed under load, it loses nothing that it has taken")
  func killed() throws {
    let folder = try TestServer.models.get()
    let scratch = Scratch()
    var random = SeededGenerator(8)
    var taken: Set<String> = []
    for round in 0..<4 {
      let (program, client) = try TestServer.start(
        ["--model", "\(folder.path)/models/pmf", "--log", "log"], in: scratch)
      let acknowledged = Mutex<Set<String>>([])
      let group = DispatchGroup()
      Self.threads(3, in: group) { thread in
        for count in 0... {
          let user = "\(round)-\(thread)-\(count)"
          guard
            let answer = try? client.post(
              "/v1/feedback", #"{"user":"\#(user)","item":"1","rating":3}"#)
          else { return }
          if answer.status == 202 { acknowledged.withLock { _ = $0.insert(user) } }
        }
      }
      let deadline = Date() + Double.random(in: 0.2...0.6, using: &random)
      program.until { Date() > deadline }
      program.send(SIGKILL)
      _ = try program.wait()
      group.wait()
      taken.formUnion(acknowledged.withLock { $0 })
    }
    let (program, client) = try TestServer.start(
      ["--model", "\(folder.path)/models/pmf", "--log", "log"], in: scratch)
    #expect(taken.count > 100)
    let logged = Set(
      try scratch.text("log/feedback-000001.jsonl").split(separator: "\n").compactMap {
        (try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])?["user"]
          as? String
      })
    #expect(taken.subtracting(logged) == [])
    for user in taken.prefix(20) { #expect(try client.get("/v1/users/\(user)").status == 200) }
    try TestServer.end(program)
  }
}
