import DRRCore
import Essentials
import NIOCore
import NIOHTTP1
import NIOPosix

/// A connection to a server, which is asked one request after another.
struct ServerClient {
  /// Where a server listens, as people write it: `http://HOST:PORT`.
  struct Address: Sendable {
    let text: String
    let host: String
    let port: Int

    /// - Throws: `RunError` where it is none.
    init(_ text: String) throws(RunError) {
      let scheme = "http://"
      let rest = text.hasPrefix(scheme) ? String(text.dropFirst(scheme.count)) : text
      let place = rest.hasSuffix("/") ? String(rest.dropLast()) : rest
      let parts = place.split(separator: ":", omittingEmptySubsequences: false)
      guard !text.hasPrefix("https:"), parts.count <= 2, let host = parts.first, !host.isEmpty,
        let port = parts.count == 2 ? UInt16(parts[1]) : 80, !place.contains("/")
      else {
        throw RunError("\"\(text)\" is no address of a server; write it as http://localhost:8080")
      }
      (self.text, self.host, self.port) = (text, String(host), Int(port))
    }
  }

  private typealias Channel = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>

  private let address: Address
  private let token: String?
  private let outbound: NIOAsyncChannelOutboundWriter<HTTPClientRequestPart>
  private var inbound: NIOAsyncChannelInboundStream<HTTPClientResponsePart>.AsyncIterator

  /// Connects, and gives the connection to `body`.
  ///
  /// - Throws: `RunError` where nobody listens there.
  static func connected<Value>(
    to address: Address, token: String?, _ body: (inout ServerClient) async throws -> Value
  ) async throws -> Value {
    let channel: Channel
    do {
      channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
        .connectTimeout(.seconds(5))
        .connect(host: address.host, port: address.port) { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHTTPClientHandlers()
            return try Channel(wrappingChannelSynchronously: channel)
          }
        }
    } catch {
      throw RunError(
        "no server answers at \(address.text); start one: drr serve --model FOLDER --log FOLDER")
    }
    return try await channel.executeThenClose { inbound, outbound in
      var client = ServerClient(
        address: address, token: token, outbound: outbound, inbound: inbound.makeAsyncIterator())
      return try await body(&client)
    }
  }

  /// Asks, and waits for the answer.
  ///
  /// - Throws: `RunError` where the server refuses, with its sentence, or closes the connection.
  mutating func post<Answer: Decodable>(
    _ path: String, _ question: some Encodable, _ answer: Answer.Type
  ) async throws -> Answer {
    let body = Array(try RunFolder.json(question).utf8)
    var headers: HTTPHeaders = [
      "Host": "\(address.host):\(address.port)", "Content-Type": "application/json",
      "Content-Length": "\(body.count)",
    ]
    if let token { headers.add(name: "Authorization", value: "Bearer \(token)") }
    let head = HTTPRequestHead(version: .http1_1, method: .POST, uri: path, headers: headers)
    try await outbound.write(
      contentsOf: [.head(head), .body(.byteBuffer(ByteBuffer(bytes: body))), .end(nil)])
    var (status, bytes) = (HTTPResponseStatus.ok, ByteBuffer())
    while true {
      switch try await inbound.next() {
      case .head(let head): status = head.status
      case .body(var part): bytes.writeBuffer(&part)
      case .end:
        let data = Data(bytes.readableBytesView)
        guard status.code / 100 == 2 else {
          let detail = (try? JSONDecoder().decode(Refusal.self, from: data))?.detail
          throw RunError(
            "\(address.text) answers \(status.code): \(detail ?? status.reasonPhrase)")
        }
        do { return try JSONDecoder().decode(Answer.self, from: data) } catch {
          throw RunError("\(address.text)\(path) answers otherwise than `drr serve` does")
        }
      case nil: throw RunError("\(address.text) has closed the connection")
      }
    }
  }
}

/// What problem+json has of use here.
private struct Refusal: Decodable { var detail: String? }
