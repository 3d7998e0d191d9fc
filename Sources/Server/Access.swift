import Essentials
import Hummingbird

/// Who may ask: a token where there is one, and no page of another site.
struct Access: RouterMiddleware {
  /// What every request but those of health has to bring; nil: nothing.
  var token: String?
  /// Names that the Host header may have, without ports; nil: any.
  var hosts: Set<String>?

  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    try requireHost(request)
    try requireOrigin(request)
    if let token, !request.uri.path.hasPrefix("/health/") { try require(token, request) }
    return try await next(request, context)
  }

  /// A page elsewhere may point its own name at this address.
  private func requireHost(_ request: Request) throws {
    guard let hosts else { return }
    let host = Self.name(request.head.authority ?? "")
    guard hosts.contains(host) else {
      throw Problem(
        .misdirected,
        "the host is \"\(host.prefix(100))\"; it must be \(hosts.sorted().joined(separator: ", "))"
          + "; --allow-host takes another")
    }
  }

  /// A browser says which page asks.
  private func requireOrigin(_ request: Request) throws {
    guard let origin = request.headers[.origin] else { return }
    let asking = origin.split(separator: "/", omittingEmptySubsequences: true).last ?? ""
    guard asking.lowercased() == (request.head.authority ?? "").lowercased() else {
      throw Problem(
        .forbidden, "the page \(origin.prefix(100)) may not ask; only pages of this server may")
    }
  }

  private func require(_ token: String, _ request: Request) throws {
    let given = request.headers[.authorization] ?? ""
    var offered = ""
    if given.lowercased().hasPrefix("bearer ") {
      offered = String(given.dropFirst(7))
    } else if given.lowercased().hasPrefix("basic "),
      let pair = Data(base64Encoded: String(given.dropFirst(6)))
    {
      // A browser asks for a name too; any will do.
      offered =
        String(decoding: pair, as: UTF8.self).split(separator: ":", maxSplits: 1).last
        .map(String.init) ?? ""
    }
    guard Self.areEqual(offered, token) else {
      throw Problem(
        .unauthorized, "the token is missing or wrong; send Authorization: Bearer TOKEN",
        headers: [.wwwAuthenticate: "Basic realm=\"drr\""])
    }
  }

  /// In a time that tells nothing of where they differ.
  static func areEqual(_ one: String, _ other: String) -> Bool {
    let (one, other) = (Array(one.utf8), Array(other.utf8))
    var difference = UInt8(one.count == other.count ? 0 : 1)
    for at in other.indices { difference |= other[at] ^ (at < one.count ? one[at] : 0) }
    return difference == 0
  }

  /// A host without its port.
  static func name(_ authority: String) -> String {
    if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
      return String(authority[...end]).lowercased()
    }
    return String(authority.prefix { $0 != ":" }).lowercased()
  }
}
