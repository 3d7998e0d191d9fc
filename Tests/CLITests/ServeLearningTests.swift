import Foundation
import TestSupport
import Testing

/// A server that learns, and simulated users who visit it.
@Suite("drr serve --learn and drr simulate visitors")
struct ServeLearningTests {
  private static func learned(_ client: HTTPClient) throws -> Int? {
    let models = try client.get("/v1/models").object["models"] as? [[String: Any]]
    return models?.first?["learned"] as? Int
  }

  private static func scores(_ client: HTTPClient, _ user: String) throws -> [String] {
    let answer = try client.post("/v1/recommend", #"{"user":"\#(user)","top":5}"#)
    #expect(answer.status == 200, "\(answer.text)")
    return (answer.object["items"] as? [[String: Any]] ?? []).map {
      "\($0["id"] ?? "") \($0["score"] ?? "")"
    }
  }

  @Test("what is learned of one user's feedback counts for others, and outlives a kill")
  func learns() throws {
    let folder = try TestServer.models.get()
    let scratch = Scratch()
    let words = [
      "--model", "\(folder.path)/models/pmf", "--log", "log", "--learn", "items", "--learn-ridge",
      "1",
    ]
    let (program, client) = try TestServer.start(words, in: scratch)
    #expect(try Self.learned(client) == 0)
    let before = try Self.scores(client, "3")
    let first = try #require(before.first?.split(separator: " ").first.map(String.init))
    // Others are shown the item that comes first for this user, and it earns little.
    for user in 4...40 {
      let list = try client.post("/v1/recommend", #"{"user":"\#(user)","top":120}"#)
      let request = try #require(list.object["request"] as? String)
      guard list.ids.contains(first) else { continue }
      let told = try client.post(
        "/v1/feedback", #"{"request":"\#(request)","item":"\#(first)","reward":-1}"#)
      #expect(told.status == 202, "\(told.text)")
    }
    let count = try #require(try Self.learned(client))
    #expect(count > 0)
    let after = try Self.scores(client, "3")
    #expect(after.first?.hasPrefix("\(first) ") == false)
    program.send(SIGKILL)
    _ = try program.wait()
    let (again, returned) = try TestServer.start(words, in: scratch)
    #expect(try Self.learned(returned) == count)
    #expect(try Self.scores(returned, "3") == after)
    #expect(try returned.send("POST", "/admin/reload").status == 200)
    #expect(try Self.learned(returned) == count)
    try TestServer.end(again)
    // From the snapshot that the end writes, and without learning as the model is.
    let (third, kept) = try TestServer.start(words, in: scratch)
    #expect(try Self.scores(kept, "3") == after)
    try TestServer.end(third)
    let (plain, unlearned) = try TestServer.start(Array(words.prefix(4)), in: scratch)
    #expect(try Self.learned(unlearned) == nil)
    #expect(try Self.scores(unlearned, "3") == before)
    try TestServer.end(plain)
  }

  @Test("a model without item vectors says how it can learn")
  func refused() throws {
    let folder = try TestServer.models.get()
    let outcome = try Program.run(
      ["serve", "--model", "models/gan", "--learn", "linucb", "--port", "0"], in: folder,
      asGiven: true)
    #expect(outcome.code == 1 && outcome.error.contains("--learn items"), "\(outcome.description)")
  }

  @Test("visitors rate what they are shown, the same each time, and their log trains a model")
  func visitors() throws {
    let folder = try TestServer.models.get()
    var reports: [String] = []
    for log in ["log-a", "log-b"] {
      let (program, client) = try TestServer.start(
        ["--model", "models/pmf", "--log", log, "--explore"], in: folder)
      let outcome = try Program.run(
        [
          "simulate", "visitors", "--data", "generated:tiny", "--lists", "200", "--top", "2",
          "--server", "http://localhost:\(client.port)", "--json",
        ], in: folder)
      #expect(outcome.code == 0, "\(outcome.description)")
      reports.append(outcome.output)
      try TestServer.end(program)
    }
    #expect(reports[0] == reports[1])
    let report = try object(reports[0])
    let reward = try #require((report["reward"] as? [String: Any])?["value"] as? Double)
    let bounds = try ["random", "oracle"].map { try #require(report[$0] as? Double) }
    #expect(bounds[0] < bounds[1] && reward < bounds[1])
    #expect((report["tenths"] as? [Any])?.count == 10)
    let trained = try Program.run(
      ["train", "pmf", "--from", "log-a", "--run", "second", "--device", "cpu"]
        + Tiny.factorization, in: folder)
    #expect(trained.code == 0 && trained.error.contains("ratings and clicks of"))
  }

  @Test("visitors say what is wrong with a server")
  func unreachable() throws {
    let folder = try TestServer.models.get()
    func run(_ server: String) throws -> Outcome {
      try Program.run(
        ["simulate", "visitors", "--data", "generated:tiny", "--server", server], in: folder)
    }
    let nobody = try run("http://localhost:1")
    #expect(nobody.code == 1 && nobody.error.contains("no server answers"), "\(nobody.description)")
    let address = try run("https://localhost:8080")
    #expect(address.code == 1 && address.error.contains("is no address"), "\(address.description)")
    let secret = try folder.write("token", "0123456789abcdef0123\n")
    let (program, client) = try TestServer.start(
      ["--model", "models/pmf", "--token-file", secret], in: folder)
    let refused = try run("http://localhost:\(client.port)")
    #expect(refused.code == 1 && refused.error.contains("401"), "\(refused.description)")
    try TestServer.end(program)
  }
}
