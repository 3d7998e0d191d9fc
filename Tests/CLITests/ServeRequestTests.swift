import Foundation
import TestSupport
import Testing

@Suite("Requests of any kind to drr serve")
struct ServeRequestTests {
  /// One server of the tests that change nothing; it ends with them.
  private static let shared: Result<(program: Running, client: HTTPClient), any Error> = Result {
    let folder = try TestServer.models.get()
    let (program, client) = try TestServer.start(["--model", "models/pmf"], in: folder)
    atexit { try? ServeRequestTests.shared.get().program.program.send(SIGKILL) }
    return (Running(program: program), client)
  }

  private struct Running: @unchecked Sendable { let program: Program }

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
    let folder = try TestServer.models.get()
    let scratch = Scratch()
    let token = "0123456789abcdef0123"
    try scratch.write("token", token + "\n")
    let (program, client) = try TestServer.start(
      ["--model", "\(folder.path)/models/pmf", "--token-file", "token"], in: scratch)
    #expect(try client.get("/v1/models").status == 401)
    #expect(try client.get("/v1/models", ["Authorization": "Bearer \(token)x"]).status == 401)
    #expect(try client.get("/v1/models", ["Authorization": "Bearer \(token)"]).status == 200)
    let pair = Data("any:\(token)".utf8).base64EncodedString()
    #expect(try client.get("/v1/models", ["Authorization": "Basic \(pair)"]).status == 200)
    #expect(try client.get("/health/live").status == 200)
    try TestServer.end(program)
    // Nobody else is let in without one.
    let open = try Program.run(
      ["serve", "--model", "m", "--host", "0.0.0.0"], in: scratch)
    #expect(open.code == 64 && open.error.contains("add --token-file"))
  }
}
