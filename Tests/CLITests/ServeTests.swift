import Foundation
import Synchronization
import TestSupport
import Testing

@Suite("drr serve")
struct ServeTests {
  /// A folder with models of a factorization, of an agent and of click sessions.
  nonisolated(unsafe) static let models = Result { () throws -> Scratch in
    let folder = Scratch()
    for words in [
      ["train", "pmf", "--run", "pmf", "--device", "cpu"] + Tiny.factorization,
      Tiny.train("drr"), Tiny.gan + ["--run", "gan", "--device", "cpu"],
      ["export", "model", "pmf", "models/pmf"], ["export", "model", "drr", "models/drr"],
      ["export", "model", "gan", "models/gan"],
    ] {
      let outcome = try Program.run(words, in: folder)
      guard outcome.code == 0 else { throw Failure(description: outcome.description) }
    }
    return folder
  }

  /// A server at work.
  static func start(
    _ words: [String], in folder: Scratch, script: String? = nil
  ) throws -> (Program, HTTPClient) {
    let program = try Program(
      ["serve", "--port", "0", "--seed", "1", "--device", "cpu"] + words, in: folder,
      script: script, asGiven: true)
    var port: Int?
    let deadline = Date() + 60
    program.until {
      if let line = program.error.split(separator: "\n").first(where: { $0.contains("listening") }),
        let digits = line.split(separator: ";")[0].split(separator: ":").last
      {
        port = Int(digits)
      }
      return port != nil || Date() > deadline
    }
    guard let port else {
      program.send(SIGKILL)
      throw Failure(description: try program.wait().description)
    }
    return (program, HTTPClient(port: port))
  }

  static func end(_ program: Program) throws {
    program.send(SIGTERM)
    let outcome = try program.ended(within: 20)
    #expect(outcome.code == 0, "\(outcome.description)")
  }

  /// Threads of their own: those that are shared may all be waiting in other tests.
  static func threads(
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

  static func ids(_ answer: HTTPClient.Answer) -> [String] {
    (answer.object["items"] as? [[String: Any]] ?? []).compactMap { $0["id"] as? String }
  }

  /// What `drr recommend` lists.
  static func listed(_ words: [String], in folder: Scratch) throws -> [String] {
    let outcome = try Program.run(
      ["recommend", "--json", "--device", "cpu"] + words, in: folder, asGiven: true)
    return (try object(outcome.output)["items"] as? [[String: Any]] ?? [])
      .compactMap { $0["id"] as? String }
  }

  @Test("recommends what drr recommend does, to users, to somebody new and to sessions")
  func lists() throws {
    let folder = try Self.models.get()
    for model in ["pmf", "drr"] {
      let (program, client) = try Self.start(["--model", "models/\(model)"], in: folder)
      let user = try client.post("/v1/recommend", #"{"user":"3","top":7}"#)
      #expect(user.status == 200, "\(user.text)")
      #expect(
        Self.ids(user)
          == (try Self.listed(
            ["--model", "models/\(model)", "--user", "3", "--top", "7"], in: folder)))
      let new = try client.post(
        "/v1/recommend", #"{"ratings":[{"item":1,"rating":5},{"item":"2","rating":1}],"top":5}"#)
      #expect(
        Self.ids(new)
          == (try Self.listed(
            ["--model", "models/\(model)", "--rated", "1=5", "--rated", "2=1", "--top", "5"],
            in: folder)))
      let rest = try client.post(
        "/v1/recommend", #"{"user":3,"top":3,"exclude":["\#(Self.ids(user)[0])"]}"#)
      #expect(Self.ids(rest) == Array(Self.ids(user)[1...3]))
      try Self.end(program)
    }
    let (program, client) = try Self.start(["--model", "models/gan"], in: folder)
    #expect(
      Self.ids(try client.post("/v1/recommend", #"{"session":["3","5"],"top":4}"#))
        == (try Self.listed(
          ["--model", "models/gan", "--session", "3", "--session", "5", "--top", "4"], in: folder)))
    // Clicks that the server was told of are a session of the user's.
    _ = try client.post("/v1/feedback", #"{"user":"v","item":"3","click":true}"#)
    _ = try client.post("/v1/feedback", #"{"user":"v","item":"5","click":true}"#)
    #expect(
      Self.ids(try client.post("/v1/recommend", #"{"user":"v","top":4}"#))
        == Self.ids(try client.post("/v1/recommend", #"{"session":["3","5"],"top":4}"#)))
    try Self.end(program)
  }

  @Test("what is rated moves the list, and a server that starts anew knows it")
  func feedback() throws {
    let folder = try Self.models.get()
    let scratch = Scratch()
    let words = ["--model", "\(folder.path)/models/pmf", "--log", "log"]
    var before: [String] = []
    var after: [String] = []
    for start in 0..<2 {
      let (program, client) = try Self.start(words, in: scratch)
      if start == 0 {
        let answer = try client.post("/v1/recommend", #"{"user":"7","top":6}"#)
        before = Self.ids(answer)
        let request = try #require(answer.object["request"] as? String)
        let other = try client.post(
          "/v1/feedback", #"{"request":"\#(request)","item":"\#(before[5])x","rating":1}"#)
        #expect(other.status == 404)
        let taken = try client.post(
          "/v1/feedback", #"{"request":"\#(request)","item":"\#(before[0])","rating":1}"#)
        #expect(taken.status == 202 && taken.object["logged"] as? Bool == true)
        after = Self.ids(try client.post("/v1/recommend", #"{"user":"7","top":6}"#))
        #expect(!after.contains(before[0]))
        #expect(after != Array(before.dropFirst()), "the rating should count, not only the item")
      } else {
        #expect(Self.ids(try client.post("/v1/recommend", #"{"user":"7","top":6}"#)) == after)
        let user = try client.get("/v1/users/7").object
        #expect((user["since"] as? [[String: Any]])?.first?["id"] as? String == before[0])
      }
      try Self.end(program)
    }
    // As somebody of whom all that is known.
    let users = try Program.run(
      ["ope", "describe", "--data", "log/feedback-000001.jsonl"], in: scratch)
    #expect(users.code != 0)
    let lines = try scratch.text("log/feedback-000001.jsonl").split(separator: "\n")
    #expect(lines.count == 4)
    #expect(lines[2].contains(#""known":1"#))
  }

  @Test(
    "says in a sentence what is wrong",
    arguments: [
      ("POST", "/v1/recommend", #"{"user":"1""#, 400, "it is not JSON"),
      ("POST", "/v1/recommend", #"[1]"#, 422, "the top level is not an object"),
      (
        "POST", "/v1/recommend", "{}", 422,
        "the request names nobody; give user, ratings or session"
      ),
      (
        "POST", "/v1/recommend", #"{"user":"1","ratings":[]}"#, 422,
        "user and ratings exclude each other; leave one out"
      ),
      ("POST", "/v1/recommend", #"{"user":"1","top":0}"#, 422, "top is 0; it must be 1 ... 200"),
      (
        "POST", "/v1/recommend", #"{"user":"1","top":201}"#, 422, "top is 201; it must be 1 ... 200"
      ),
      ("POST", "/v1/recommend", #"{"user":"1","top":"x"}"#, 422, "top is not a whole number"),
      ("POST", "/v1/recommend", #"{"user":"1","top":2.5}"#, 422, "cannot be read"),
      ("POST", "/v1/recommend", #"{"user":"#, 400, "cannot be read"),
      ("POST", "/v1/recommend", #"{"user":""}"#, 422, "it must have 1 ... 200 bytes of plain text"),
      (
        "POST", "/v1/recommend", #"{"user":"1","tip":3}"#, 422, "the key \"tip\" means nothing here"
      ),
      (
        "POST", "/v1/recommend", #"{"user":"1","model":"x"}"#, 404,
        "no model is named x; there are pmf"
      ),
      ("POST", "/v1/recommend", #"{"user":"1","genre":"x"}"#, 422, "is of the genre x; there are "),
      ("POST", "/v1/recommend", #"{"session":["1"]}"#, 422, "PMF recommends for ratings"),
      (
        "POST", "/v1/recommend", #"{"ratings":[{"item":"none","rating":3}]}"#, 404,
        "pmf has no item none; GET /v1/items?q= finds them"
      ),
      (
        "POST", "/v1/recommend", #"{"ratings":[{"item":"1","rating":9}]}"#, 422,
        "it must be 1.0 ... 5.0"
      ),
      ("POST", "/v1/feedback", #"{"item":"1","rating":3}"#, 422, "feedback names nobody"),
      (
        "POST", "/v1/feedback", #"{"user":"1","item":"1"}"#, 422,
        "has 0 of rating, click and reward"
      ),
      (
        "POST", "/v1/feedback", #"{"user":"1","item":"1","rating":3,"click":true}"#, 422,
        "give exactly one of them"
      ),
      (
        "POST", "/v1/feedback", #"{"user":"1","item":"1","rating":9}"#, 422,
        "it must be 1.0 ... 5.0"
      ),
      ("POST", "/v1/feedback", #"{"user":"1","item":"1","reward":1e999}"#, 422, "cannot be read"),
      (
        "POST", "/v1/feedback", #"{"user":"1","item":"1","reward":1e300}"#, 422,
        "the reward is 1e+300; it must be -1000000.0 ... 1000000.0"
      ),
      (
        "POST", "/v1/feedback", #"{"user":"1","item":"none","click":true}"#, 404,
        "no model has an item none"
      ),
      ("GET", "/v1/items?q=a&limit=x", "", 422, "limit is \"x\"; it must be a number"),
      ("GET", "/v1/items?q=a&limit=0", "", 422, "limit is 0; it must be 1 ... 200"),
      ("GET", "/v1/users/nobody%20known", "", 404, "nothing is known of user nobody known"),
      ("GET", "/v2", "", 404, "there is no /v2; /openapi.json lists all paths"),
      ("DELETE", "/v1/models", "", 405, "/v1/models has no method DELETE; there is GET, HEAD"),
      ("GET", "/v1/recommend", "", 405, "/v1/recommend has no method GET; there is POST"),
    ])
  func refused(method: String, path: String, body: String, status: Int, part: String) throws {
    let client = try Self.shared.get().client
    let answer = try client.send(
      method, path, method == "POST" ? Data(body.utf8) : nil,
      headers: method == "POST" ? ["Content-Type": "application/json"] : [:])
    #expect(answer.status == status, "\(answer.text)")
    #expect(answer.detail.contains(part), "\(answer.detail)")
    #expect(answer.headers["content-type"] == "application/problem+json")
    #expect(Set(answer.object.keys) == ["type", "title", "status", "detail"])
  }

  /// One server of the tests that change nothing; it ends with them.
  private static let shared: Result<(program: Running, client: HTTPClient), any Error> = Result {
    let (program, client) = try start(["--model", "models/pmf"], in: models.get())
    atexit { try? ServeTests.shared.get().program.program.send(SIGKILL) }
    return (Running(program: program), client)
  }

  private struct Running: @unchecked Sendable { let program: Program }

  @Test("takes no body that is too large or of another type, and no page of another site")
  func limits() throws {
    let client = try Self.shared.get().client
    #expect(
      try client.post("/v1/recommend", #"{"user":"1"}"#, ["Content-Type": "text/plain"]).status
        == 415)
    let large = #"{"user":"\#(String(repeating: "a", count: 70_000))"}"#
    #expect(try client.post("/v1/recommend", large).status == 413)
    #expect(try client.get("/v1/models", ["Host": "example.org"]).status == 421)
    #expect(try client.get("/v1/models", ["Origin": "http://example.org"]).status == 403)
    #expect(
      try client.get("/v1/models", ["Origin": "http://localhost:\(client.port)"]).status == 200)
    #expect(
      try client.get("/v1/models", ["X": String(repeating: "a", count: 40_000)]).status >= 400)
  }

  @Test("describes itself: every path of openapi.json answers, and metrics count it")
  func description() throws {
    let client = try Self.shared.get().client
    let paths = try #require(
      client.get("/openapi.json").object["paths"] as? [String: [String: Any]])
    #expect(paths.count == 10)
    for (path, methods) in paths {
      for method in methods.keys {
        let answer = try client.send(
          method.uppercased(), path.replacing("{id}", with: "1"),
          method == "post" ? Data("{}".utf8) : nil,
          headers: method == "post" ? ["Content-Type": "application/json"] : [:])
        let operation = try #require(methods[method] as? [String: Any])
        let responses = try #require(operation["responses"] as? [String: Any])
        #expect(responses["\(answer.status)"] != nil, "\(method) \(path): \(answer.status)")
      }
    }
    let metrics = try client.get("/metrics").text
    #expect(metrics.contains("# TYPE drr_batch_size histogram\n"))
    #expect(metrics.contains(#"http_route="/v1/models",http_request_method="GET""#))
    // name{labels} number, as Prometheus has it.
    let line = try Regex(#"^[a-zA-Z_]+(\{([a-z_]+="[^"]*",?)*\})? -?[0-9.e+-]+$"#)
    for text in metrics.split(separator: "\n") where !text.hasPrefix("#") {
      #expect(text.wholeMatch(of: line) != nil, "\(text)")
    }
  }

  @Test("bodies of any bytes end no process")
  func fuzz() throws {
    let running = try Self.shared.get()
    var random = SeededGenerator(5)
    let seeds = [
      #"{"user":"1","top":3,"exclude":["2"],"genre":["Drama"]}"#,
      #"{"ratings":[{"item":1,"rating":4.5}],"top":3}"#,
      #"{"user":"1","item":"2","rating":3}"#, #"{"request":"ab","item":"2","reward":-1e3}"#,
    ]
    for round in 0..<400 {
      var bytes = Array(seeds[round % seeds.count].utf8)
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let at = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
        case 1:
          bytes.insert(
            contentsOf: Array("-[]{}0123456789eE.\"".utf8).shuffled(using: &random).prefix(3),
            at: at)
        case 2: bytes.remove(at: at)
        default: bytes.replaceSubrange(at..<bytes.count, with: bytes[..<at])
        }
        if bytes.isEmpty { bytes = [123] }
      }
      let answer = try running.client.send(
        "POST", round % 2 == 0 ? "/v1/recommend" : "/v1/feedback", Data(bytes),
        headers: ["Content-Type": "application/json"])
      #expect(answer.status < 500, "\(answer.text)")
    }
    #expect(try running.client.get("/health/ready").status == 200)
  }

  @Test("asks for the token where there is one")
  func token() throws {
    let folder = try Self.models.get()
    let scratch = Scratch()
    let token = "0123456789abcdef0123"
    try scratch.write("token", token + "\n")
    let (program, client) = try Self.start(
      ["--model", "\(folder.path)/models/pmf", "--token-file", "token"], in: scratch)
    #expect(try client.get("/v1/models").status == 401)
    #expect(try client.get("/v1/models", ["Authorization": "Bearer \(token)x"]).status == 401)
    #expect(try client.get("/v1/models", ["Authorization": "Bearer \(token)"]).status == 200)
    let pair = Data("any:\(token)".utf8).base64EncodedString()
    #expect(try client.get("/v1/models", ["Authorization": "Basic \(pair)"]).status == 200)
    #expect(try client.get("/health/live").status == 200)
    try Self.end(program)
    // Nobody else is let in without one.
    let open = try Program.run(
      ["serve", "--model", "m", "--host", "0.0.0.0"], in: scratch)
    #expect(open.code == 64 && open.error.contains("add --token-file"))
  }

  @Test("models share out the users, each user to the same one")
  func traffic() throws {
    let folder = try Self.models.get()
    let (program, client) = try Self.start(
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
    try Self.end(program)
  }

  @Test("a reload under load loses no request, and a model that is damaged is refused")
  func reload() throws {
    let folder = try Self.models.get()
    let scratch = Scratch()
    func copy(_ name: String) throws {
      let outcome = try Program.run(
        ["export", "model", "\(folder.path)/\(name)", "live"], in: scratch)
      #expect(outcome.code == 0, "\(outcome.description)")
    }
    try copy("pmf")
    let (program, client) = try Self.start(["--model", "live"], in: scratch)
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
    try Self.end(program)
  }

  @Test("killed under load, it loses nothing that it has taken")
  func killed() throws {
    let folder = try Self.models.get()
    let scratch = Scratch()
    var random = SeededGenerator(8)
    var taken: Set<String> = []
    for round in 0..<4 {
      let (program, client) = try Self.start(
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
    let (program, client) = try Self.start(
      ["--model", "\(folder.path)/models/pmf", "--log", "log"], in: scratch)
    #expect(taken.count > 100)
    let logged = Set(
      try scratch.text("log/feedback-000001.jsonl").split(separator: "\n").compactMap {
        (try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])?["user"]
          as? String
      })
    #expect(taken.subtracting(logged) == [])
    for user in taken.prefix(20) { #expect(try client.get("/v1/users/\(user)").status == 200) }
    try Self.end(program)
  }
}
