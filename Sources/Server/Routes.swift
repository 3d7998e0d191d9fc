internal import CServed
import DRRCore
import Essentials
import Hummingbird
import Logging

/// What a request brings along.
struct Context: RequestContext {
  var coreContext: CoreRequestContextStorage

  init(source: ApplicationRequestContextSource) { coreContext = .init(source: source) }
}

/// Every path, and what answers it.
struct Routes: Sendable {
  let recommender: Recommender
  let metrics: PrometheusMetrics
  let access: Access
  /// Told of a reload.
  let note: @Sendable (String) -> Void

  /// Bytes of a body at most.
  static let bodyLimit = 64 << 10

  var router: Router<Context> {
    let router = Router(context: Context.self, options: [.autoGenerateHeadEndpoints])
    router.addMiddleware {
      MetricsMiddleware()
      Problems(paths: Self.methods)
      access
    }
    router.post("v1/recommend") { request, _ in
      try Self.json(try await recommender.recommend(Self.body(of: request)))
    }
    router.post("v1/feedback") { request, _ in
      try Self.json(try await recommender.record(Self.body(of: request)), status: .accepted)
    }
    router.get("v1/items") { request, _ in
      let query = Self.fields(of: request.uri.query ?? "")
      let limit = try query["limit"].map { text in
        guard let limit = Int(text) else {
          throw Problem(.unprocessable, "limit is \"\(text.prefix(40))\"; it must be a number")
        }
        return limit
      }
      let text = query["q"] ?? ""
      guard text.count <= 200 else {
        throw Problem(
          .unprocessable, "q has \(text.count) characters; it may have 200 at most")
      }
      return try Self.json(try recommender.items(matching: text, limit: limit ?? 20))
    }
    router.get("v1/users/{id}") { _, context in
      let id = try context.parameters.require("id")
      return try Self.json(try recommender.user(Self.decoded(id)))
    }
    router.get("v1/models") { _, _ in try Self.json(recommender.description) }
    router.get("health/live") { _, _ in try Self.json(HealthAnswer(status: "live")) }
    router.get("health/ready") { _, _ in
      do { try recommender.store.synchronize() } catch {
        throw Problem(.unavailable, "the feedback log takes no more: \(error)")
      }
      return try Self.json(HealthAnswer(status: "ready"))
    }
    router.get("metrics") { _, _ in
      Self.text(metrics.text(), type: "text/plain; version=0.0.4; charset=utf-8")
    }
    router.get("openapi.json") { _, _ in
      Self.text(String(cString: openAPIDocument()), type: "application/json")
    }
    addPage(to: router)
    router.post("admin/reload") { _, _ in
      do {
        let reloaded = try recommender.models.reload(recommender.store)
        for model in reloaded { note("\(model.model): \(model.before) → \(model.now)") }
        return try Self.json(ReloadAnswer(models: reloaded))
      } catch {
        throw Problem(.failed, "\(error); the models before go on answering")
      }
    }
    return router
  }

  /// The methods of each path, for those that a path does not have.
  static let methods: [String: String] = [
    "/v1/recommend": "POST", "/v1/feedback": "POST", "/v1/items": "GET, HEAD",
    "/v1/users": "GET, HEAD", "/v1/models": "GET, HEAD", "/health/live": "GET, HEAD",
    "/health/ready": "GET, HEAD", "/metrics": "GET, HEAD", "/openapi.json": "GET, HEAD",
    "/admin/reload": "POST", "/": "GET, HEAD",
    "/rate": "POST", "/style.css": "GET, HEAD", "/script.js": "GET, HEAD",
  ]

  /// A part of a path without its %XX.
  static func decoded(_ text: some StringProtocol) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), rest.count >= 2,
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  // MARK: - Bodies

  private static func body<Body: Decodable>(
    of request: Request, as type: Body.Type = Body.self
  ) async throws -> Body {
    let given = request.headers[.contentType] ?? ""
    guard given.lowercased().hasPrefix("application/json") else {
      throw Problem(
        .wrongType,
        "the body is \(given.isEmpty ? "of no type" : "\"\(given.prefix(60))\""); send "
          + "application/json")
    }
    let buffer: ByteBuffer
    do { buffer = try await request.body.collect(upTo: bodyLimit) } catch {
      throw Problem(.tooLarge, "the body is larger than 64 KiB; send less at once")
    }
    do {
      return try JSONDecoder().decode(type, from: Data(buffer.readableBytesView))
    } catch let problem as Problem {
      throw problem
    } catch let error as DecodingError {
      let data = Data(buffer.readableBytesView)
      let isJSON = (try? JSONDecoder().decode(AnyJSON.self, from: data)) != nil
      // A number that a field has no room for is told as if it were no JSON.
      let summary =
        isJSON && error.isSyntax ? "a number is not of its field's kind" : error.summary
      throw Problem(
        isJSON ? .unprocessable : .badRequest,
        "the body cannot be read: \(summary); /openapi.json tells its form")
    }
  }

  private static func json(
    _ value: some Encodable, status: HTTPResponse.Status = .ok
  ) throws -> Response {
    Response(
      status: status, headers: [.contentType: "application/json"],
      body: .init(byteBuffer: ByteBuffer(string: try RunFolder.json(value))))
  }

  static func text(_ text: String, type: String) -> Response {
    Response(
      status: .ok, headers: [.contentType: type],
      body: .init(byteBuffer: ByteBuffer(string: text)))
  }
}

/// What any JSON is.
private struct AnyJSON: Decodable {
  init(from decoder: any Decoder) {}
}

extension DecodingError {
  /// Whether the body is told to be no JSON at all.
  fileprivate var isSyntax: Bool {
    if case .dataCorrupted(let context) = self { context.codingPath.isEmpty } else { false }
  }
}

/// Answers what goes wrong by RFC 9457.
struct Problems: RouterMiddleware {
  let paths: [String: String]

  func handle(
    _ request: Request, context: Context,
    next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    do {
      return try await next(request, context)
    } catch {
      return response(to: problem(of: error, request, context), request)
    }
  }

  private func problem(of error: any Error, _ request: Request, _ context: Context) -> Problem {
    switch error {
    case let problem as Problem: return problem
    case let error as HTTPError where error.status == .notFound:
      let path = request.uri.path
      let known = paths[path] ?? paths[path.hasPrefix("/v1/users/") ? "/v1/users" : path]
      if let known, !known.contains(request.method.rawValue) {
        return Problem(
          .methodNotAllowed, "\(path) has no method \(request.method.rawValue); there is \(known)",
          headers: [.allow: known])
      }
      return Problem(.notFound, "there is no \(path.prefix(200)); /openapi.json lists all paths")
    case let error as HTTPError:
      return Problem(
        Problem.Kind(rawValue: error.status.code) ?? .badRequest,
        error.body ?? error.status.reasonPhrase)
    default:
      context.logger.error("a request failed", metadata: ["error": "\(error)"])
      return Problem(.failed, "\(error)")
    }
  }

  private func response(to problem: Problem, _ request: Request) -> Response {
    var headers = problem.headers
    headers[.contentType] = "application/problem+json"
    let body = (try? RunFolder.json(problem.body)) ?? ""
    return Response(
      status: .init(code: problem.kind.rawValue, reasonPhrase: problem.kind.title),
      headers: headers, body: .init(byteBuffer: ByteBuffer(string: body)))
  }
}
