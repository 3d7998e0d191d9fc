import Foundation

/// One request a connection: bytes as they are, so that what is wrong can be sent too.
struct HTTPClient: Sendable {
  var port: Int

  struct Answer {
    var status: Int
    var headers: [String: String]
    var body: Data

    var text: String { String(decoding: body, as: UTF8.self) }
    var object: [String: Any] {
      (try? JSONSerialization.jsonObject(with: body)) as? [String: Any] ?? [:]
    }
    var detail: String { object["detail"] as? String ?? text }
  }

  func get(_ path: String, _ headers: [String: String] = [:]) throws -> Answer {
    try send("GET", path, headers: headers)
  }

  func post(_ path: String, _ body: String, _ headers: [String: String] = [:]) throws -> Answer {
    try send(
      "POST", path, Data(body.utf8),
      headers: ["Content-Type": "application/json"].merging(headers) { $1 })
  }

  func send(
    _ method: String, _ path: String, _ body: Data? = nil, headers: [String: String] = [:]
  ) throws -> Answer {
    var fields = ["Host": "localhost:\(port)", "Connection": "close"].merging(headers) { $1 }
    if let body { fields["Content-Length"] = "\(body.count)" }
    let head =
      "\(method) \(path) HTTP/1.1\r\n"
      + fields.sorted { $0.key < $1.key }.map { "\($0): \($1)\r\n" }.joined() + "\r\n"
    return try parsed(try exchange(Data(head.utf8) + (body ?? Data())))
  }

  private func exchange(_ bytes: Data) throws -> Data {
    let socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard socket >= 0 else { throw Failure(description: "no socket") }
    defer { close(socket) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let isConnected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    guard isConnected else { throw Failure(description: "nothing listens at \(port)") }
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        Foundation.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      // A server may answer and close before it has read all.
      guard count > 0 else { break }
      rest = rest.dropFirst(count)
    }
    var answer = Data()
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = recv(socket, &buffer, buffer.count, 0)
      guard count > 0 else { return answer }
      answer.append(contentsOf: buffer[..<count])
    }
  }

  private func parsed(_ bytes: Data) throws -> Answer {
    guard let end = bytes.range(of: Data("\r\n\r\n".utf8)) else {
      throw Failure(description: "no answer: \(String(decoding: bytes, as: UTF8.self))")
    }
    let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
      .components(separatedBy: "\r\n")
    let words = lines[0].split(separator: " ")
    guard words.count >= 2, let status = Int(words[1]) else {
      throw Failure(description: lines[0])
    }
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1)
      if parts.count == 2 {
        headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
      }
    }
    var body = bytes[end.upperBound...]
    if let length = headers["content-length"].flatMap({ Int($0) }), body.count < length {
      throw Failure(description: "\(body.count) of \(length) bytes")
    }
    if headers["content-length"] == nil, headers["transfer-encoding"] == "chunked" {
      body = Self.joined(body)
    }
    return Answer(status: status, headers: headers, body: Data(body))
  }

  /// The chunks of a body as one.
  private static func joined(_ bytes: Data) -> Data {
    var rest = bytes[...]
    var body = Data()
    while let line = rest.range(of: Data("\r\n".utf8)) {
      let digits = String(decoding: rest[rest.startIndex..<line.lowerBound], as: UTF8.self)
      guard let size = Int(digits, radix: 16), size > 0 else { break }
      body += rest[line.upperBound...].prefix(size)
      rest = rest[line.upperBound...].dropFirst(size + 2)
    }
    return body
  }
}
