import Foundation
import TestSupport
import Testing

@Suite("drr serve")
struct ServeTests {
  /// What `drr recommend` lists.
  private static func listed(_ words: [String], in folder: Scratch) throws -> [String] {
    let outcome = try Program.run(
      ["recommend", "--json", "--device", "cpu"] + words, in: folder, asGiven: true)
    return (try object(outcome.output)["items"] as? [[String: Any]] ?? [])
      .compactMap { $0["id"] as? String }
  }

  @Test("recommends what drr recommend does, to users, to somebody new and to sessions")
  func lists() throws {
    let folder = try TestServer.models.get()
    for model in ["pmf", "drr"] {
      let (program, client) = try TestServer.start(["--model", "models/\(model)"], in: folder)
      let user = try client.post("/v1/recommend", #"{"user":"3","top":7}"#)
      #expect(user.status == 200, "\(user.text)")
      #expect(
        user.ids
          == (try Self.listed(
            ["--model", "models/\(model)", "--user", "3", "--top", "7"], in: folder)))
      let new = try client.post(
        "/v1/recommend", #"{"ratings":[{"item":1,"rating":5},{"item":"2","rating":1}],"top":5}"#)
      #expect(
        new.ids
          == (try Self.listed(
            ["--model", "models/\(model)", "--rated", "1=5", "--rated", "2=1", "--top", "5"],
            in: folder)))
      let rest = try client.post(
        "/v1/recommend", #"{"user":3,"top":3,"exclude":["\#(user.ids[0])"]}"#)
      #expect(rest.ids == Array(user.ids[1...3]))
      try TestServer.end(program)
    }
    let (program, client) = try TestServer.start(["--model", "models/gan"], in: folder)
    #expect(
      try client.post("/v1/recommend", #"{"session":["3","5"],"top":4}"#).ids
        == (try Self.listed(
          ["--model", "models/gan", "--session", "3", "--session", "5", "--top", "4"], in: folder)))
    // Clicks that the server was told of are a session of the user's.
    _ = try client.post("/v1/feedback", #"{"user":"v","item":"3","click":true}"#)
    _ = try client.post("/v1/feedback", #"{"user":"v","item":"5","click":true}"#)
    #expect(
      try client.post("/v1/recommend", #"{"user":"v","top":4}"#).ids
        == client.post("/v1/recommend", #"{"session":["3","5"],"top":4}"#).ids)
    try TestServer.end(program)
  }

  @Test("what is rated moves the list, and a server that starts anew knows it")
  func feedback() throws {
    let folder = try TestServer.models.get()
    let scratch = Scratch()
    let words = ["--model", "\(folder.path)/models/pmf", "--log", "log"]
    var before: [String] = []
    var after: [String] = []
    for start in 0..<2 {
      let (program, client) = try TestServer.start(words, in: scratch)
      if start == 0 {
        let answer = try client.post("/v1/recommend", #"{"user":"7","top":6}"#)
        before = answer.ids
        let request = try #require(answer.object["request"] as? String)
        let other = try client.post(
          "/v1/feedback", #"{"request":"\#(request)","item":"\#(before[5])x","rating":1}"#)
        #expect(other.status == 404)
        let taken = try client.post(
          "/v1/feedback", #"{"request":"\#(request)","item":"\#(before[0])","rating":1}"#)
        #expect(taken.status == 202 && taken.object["logged"] as? Bool == true)
        after = try client.post("/v1/recommend", #"{"user":"7","top":6}"#).ids
        #expect(!after.contains(before[0]))
        #expect(after != Array(before.dropFirst()), "the rating should count, not only the item")
      } else {
        #expect(try client.post("/v1/recommend", #"{"user":"7","top":6}"#).ids == after)
        let user = try client.get("/v1/users/7").object
        #expect((user["since"] as? [[String: Any]])?.first?["id"] as? String == before[0])
      }
      try TestServer.end(program)
    }
    // As somebody of whom all that is known.
    let users = try Program.run(
      ["ope", "describe", "--data", "log/feedback-000001.jsonl"], in: scratch)
    #expect(users.code != 0)
    let lines = try scratch.text("log/feedback-000001.jsonl").split(separator: "\n")
    #expect(lines.count == 4)
    #expect(lines[2].contains(#""known":1"#))
  }

  @Test("models share out the users, each user to the same one")
  func traffic() throws {
    let folder = try TestServer.models.get()
    let (program, client) = try TestServer.start(
      ["--model", "a=models/pmf", "--model", "b=models/drr", "--traffic", "3", "--traffic", "1"],
      in: folder)
    var counts: [String: Int] = [:]
    for user in 0..<200 {
      let first = try client.post("/v1/recommend", #"{"user":"\#(user)","top":1}"#)
      let again = try client.post("/v1/recommend", #"{"user":"\#(user)","top":1}"#)
      #expect(first.object["model"] as? String == again.object["model"] as? String)
      counts[try #require(first.object["model"] as? String), default: 0] += 1
    }
    // Six standard deviations of 200 draws.
    #expect(abs(counts["a"]! - 150) < 37)
    let named = try client.post("/v1/recommend", #"{"user":"1","model":"b"}"#)
    #expect(named.object["model"] as? String == "b")
    try TestServer.end(program)
  }
}
