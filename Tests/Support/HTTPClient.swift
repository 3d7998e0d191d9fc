import Foundation

/// Asks a server of this machine: bytes as they are, so that what is wrong can be sent too.
public struct HTTPClient: Sendable {
  public var port: Int

  public init(port: Int) { self.port = port }

  /// A client of the server that says in `text` where it listens; nil where it does not yet.
  public init?(ofServerSaying text: String) {
    guard let line = text.split(separator: "\n").first(where: { $0.contains("listening") }),
      let digits = line.split(separator: ";")[0].split(separator: ":").last, let port = Int(digits)
    else { return nil }
    self.port = port
  }

  public struct Answer {
    public var status: Int
    public var headers: [String: String]
    public var body: Data

    public var text: String { String(decoding: body, as: UTF8.self) }
    public var object: [String: Any] {
      (try? JSONSerialization.jsonObject(with: body)) as? [String: Any] ?? [:]
    }
    public var detail: String { object["detail"] as? String ?? text }
  }

  /// No answer, or none that is HTTP.
  public struct Failure: Error, CustomStringConvertible { public var description: String }

  public func get(_ path: String, _ headers: [String: String] = [:]) throws -> Answer {
    try send("GET", path, headers: headers)
  }

  public func post(
    _ path: String, _ body: String, _ headers: [String: String] = [:]
  ) throws -> Answer {
    try send(
      "POST", path, Data(body.utf8),
      headers: ["Content-Type": "application/json"].merging(headers) { $1 })
  }

  /// One request on a connection of its own.
  public func send(
    _ method: String, _ path: String, _ body: Data? = nil, headers: [String: String] = [:]
  ) throws -> Answer {
    try HTTPConnection(port: port)
      .send(method, path, body, headers: ["Connection": "close"].merging(headers) { $1 })
  }
}

/// A connection that many requests share, one after another.
public final class HTTPConnection {
  private let port: Int
  private let socket: Int32

  /// - Throws: `HTTPClient.Failure` where nothing listens.
  public init(port: Int) throws {
    self.port = port
    socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard socket >= 0 else { throw HTTPClient.Failure(description: "no socket") }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let isConnected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    guard isConnected else {
      throw HTTPClient.Failure(description: "nothing listens at \(port)")
    }
  }

  deinit { close(socket) }

  public func post(_ path: String, _ body: String) throws -> HTTPClient.Answer {
    try send("POST", path, Data(body.utf8), headers: ["Content-Type": "application/json"])
  }

  /// - Throws: `HTTPClient.Failure` where the connection ends before the answer does.
  public func send(
    _ method: String, _ path: String, _ body: Data? = nil, headers: [String: String] = [:]
  ) throws -> HTTPClient.Answer {
    var fields = ["Host": "localhost:\(port)"].merging(headers) { $1 }
    if let body { fields["Content-Length"] = "\(body.count)" }
    let head =
      "\(method) \(path) HTTP/1.1\r\n"
      + fields.sorted { $0.key < $1.key }.map { "\($0): \($1)\r\n" }.joined() + "\r\n"
    var rest = (Data(head.utf8) + (body ?? Data()))[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        Foundation.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      // A server may answer and close before it has read all.
      guard count > 0 else { break }
      rest = rest.dropFirst(count)
    }
    var bytes = Data()
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      if let answer = try Self.answer(bytes) { return answer }
      let count = recv(socket, &buffer, buffer.count, 0)
      guard count > 0 else {
        throw HTTPClient.Failure(
          description: bytes.isEmpty
            ? "no answer" : "part of an answer: \(String(decoding: bytes, as: UTF8.self))")
      }
      bytes.append(contentsOf: buffer[..<count])
    }
  }

  /// nil where it is not all there yet.
  private static func answer(_ bytes: Data) throws -> HTTPClient.Answer? {
    guard let end = bytes.range(of: Data("\r\n\r\n".utf8)) else { return nil }
    let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
      .components(separatedBy: "\r\n")
    let words = lines[0].split(separator: " ")
    guard words.count >= 2, let status = Int(words[1]) else {
      throw HTTPClient.Failure(description: lines[0])
    }
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1)
      if parts.count == 2 {
        headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
      }
    }
    let rest = bytes[end.upperBound...]
    var body: Data? = Data()
    if let length = headers["content-length"].flatMap({ Int($0) }) {
      body = rest.count < length ? nil : Data(rest.prefix(length))
    } else if headers["transfer-encoding"] == "chunked" {
      body = joined(rest)
    }
    return body.map { HTTPClient.Answer(status: status, headers: headers, body: $0) }
  }

  /// The chunks of a body as one; nil where the last is not there yet.
  private static func joined(_ bytes: Data) -> Data? {
    var rest = bytes[...]
    var body = Data()
    while let line = rest.range(of: Data("\r\n".utf8)) {
      let digits = String(decoding: rest[rest.startIndex..<line.lowerBound], as: UTF8.self)
      guard let size = Int(digits, radix: 16) else { return nil }
      if size == 0 { return body }
      guard rest[line.upperBound...].count >= size + 2 else { return nil }
      body += rest[line.upperBound...].prefix(size)
      rest = rest[line.upperBound...].dropFirst(size + 2)
    }
    return nil
  }
}
