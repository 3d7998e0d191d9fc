import DRRCore
import Platform

/// A Unix socket that one program after another is answered at. Its file is the user's own, and gone
/// when it is closed.
package struct LocalSocket {
  private let path: String
  private let descriptor: Int32
  private let isStopping: @Sendable () -> Bool

  /// Listens at a path, where nothing is but a socket that nobody listens at any more.
  ///
  /// - Parameter isStopping: asked ten times a second while it waits, whether to wait no longer.
  /// - Throws: `RunError`.
  package init(at path: String, isStopping: @escaping @Sendable () -> Bool = { false }) throws {
    func failure(_ what: String, _ code: Int32 = errno) -> RunError {
      RunError("--socket \(path): \(what): \(String(cString: strerror(code)))")
    }
    let address = try Self.address(path)
    let descriptor = Self.make()
    guard descriptor >= 0 else { throw failure("cannot make a socket") }
    (self.path, self.descriptor, self.isStopping) = (path, descriptor, isStopping)
    if access(path, F_OK) == 0 { try Self.clear(path, address) }
    let mask = umask(0o177)
    let bound = Self.with(address) { bind(descriptor, $0, $1) }
    let code = errno
    umask(mask)
    guard bound == 0 else { throw failure("cannot be made", code) }
    guard listen(descriptor, 16) == 0 else { throw failure("cannot be listened at") }
  }

  private static func make() -> Int32 {
    socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
  }

  private static func address(_ path: String) throws -> sockaddr_un {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let most = MemoryLayout.size(ofValue: address.sun_path) - 1
    guard 1...most ~= path.utf8.count else {
      throw RunError(
        "--socket has \(path.utf8.count) bytes; the path of a socket must have 1 ... \(most)")
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    return address
  }

  private static func with(
    _ address: sockaddr_un, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    withUnsafePointer(to: address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        call($0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }

  /// Takes away a socket that a killed process left.
  private static func clear(_ path: String, _ address: sockaddr_un) throws {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else {
      throw RunError("--socket \(path): something else is there; name another path")
    }
    let probe = make()
    defer { _ = Platform.close(probe) }
    guard with(address, { connect(probe, $0, $1) }) != 0, errno == ECONNREFUSED else {
      throw RunError("--socket \(path): another process listens there; name another path")
    }
    unlink(path)
  }

  /// The program that listens at a path.
  ///
  /// - Throws: `RunError` if none does.
  package static func connection(to path: String) throws -> LocalConnection {
    let address = try address(path)
    let descriptor = make()
    guard descriptor >= 0, with(address, { connect(descriptor, $0, $1) }) == 0 else {
      let reason = String(cString: strerror(errno))
      _ = Platform.close(descriptor)
      throw RunError(
        "--socket \(path): no world is answered there (\(reason)); start one first, as by "
          + "drr.train in Python or `drr env --socket \(path) --env cliff`")
    }
    return LocalConnection(descriptor: descriptor, isStopping: { false })
  }

  /// Waits for the next program; nil where it was asked to stop first.
  package func accept() throws -> LocalConnection? {
    while LocalConnection.isReady(descriptor, isStopping) {
      let found = Platform.accept(descriptor, nil, nil)
      if found >= 0 {
        _ = fcntl(found, F_SETFD, FD_CLOEXEC)
        return LocalConnection(descriptor: found, isStopping: isStopping)
      }
      guard errno == EINTR || errno == ECONNABORTED else {
        throw RunError("--socket \(path): \(String(cString: strerror(errno)))")
      }
    }
    return nil
  }

  /// Ends listening, and takes the file away.
  package func close() {
    _ = Platform.close(descriptor)
    unlink(path)
  }
}

/// One program at the other end, which one task talks to.
package final class LocalConnection: @unchecked Sendable {
  private let descriptor: Int32
  private let isStopping: @Sendable () -> Bool
  /// What has come and was not read.
  private var ahead: [UInt8] = []
  private var chunk = [UInt8](repeating: 0, count: 1 << 16)

  /// How long a message is looked for before the processor is given up: to be woken takes longer
  /// than a step of most worlds.
  private static let patience = Duration.microseconds(50)

  fileprivate init(descriptor: Int32, isStopping: @escaping @Sendable () -> Bool) {
    (self.descriptor, self.isStopping) = (descriptor, isStopping)
  }

  /// Waits until there is something to read; false where it was asked to stop first.
  fileprivate static func isReady(_ descriptor: Int32, _ isStopping: () -> Bool) -> Bool {
    var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    while !isStopping() {
      if poll(&request, 1, 100) > 0 { return true }
    }
    return false
  }

  /// So many bytes; nil where the other end has left, or it was asked to stop first.
  package func read(_ count: Int) -> [UInt8]? {
    while ahead.count < count {
      guard receive() else { return nil }
    }
    defer { ahead.removeFirst(count) }
    return Array(ahead.prefix(count))
  }

  /// Takes what comes next; false where the other end has left, or it was asked to stop first.
  private func receive() -> Bool {
    let begun = ContinuousClock.now
    while true {
      let got = chunk.withUnsafeMutableBytes {
        recv(descriptor, $0.baseAddress!, $0.count, Int32(MSG_DONTWAIT))
      }
      if got > 0 {
        ahead += chunk[..<got]
        return true
      }
      guard got < 0, [EAGAIN, EINTR].contains(errno) else { return false }
      if ContinuousClock.now - begun < Self.patience {
        sched_yield()
      } else if !Self.isReady(descriptor, isStopping) {
        return false
      }
    }
  }

  /// Whether all was sent.
  package func write(_ bytes: [UInt8]) -> Bool {
    var done = 0
    while done < bytes.count {
      let sent = bytes.withUnsafeBytes {
        send(descriptor, $0.baseAddress! + done, bytes.count - done, Int32(MSG_NOSIGNAL))
      }
      if sent < 0 && errno == EINTR { continue }
      if sent <= 0 { return false }
      done += sent
    }
    return true
  }

  package func close() { _ = Platform.close(descriptor) }
}

extension GymSession {
  /// Answers a program until it leaves, or sends what is no message.
  package mutating func serve(_ connection: LocalConnection) throws {
    guard connection.write(try hello().encoded) else { return }
    while let head = connection.read(Frame.headBytes) {
      let count = Int(head.integer(at: 4, UInt32.self))
      guard count <= limit else {
        // What follows cannot be told from the next message.
        _ = connection.write(
          Frame(.refused, Array("a message of \(count) bytes; it has at most \(limit)".utf8))
            .encoded)
        return
      }
      guard let bytes = connection.read(count),
        connection.write(answer(Frame(kind: head.integer(at: 0, UInt32.self), bytes)).encoded)
      else { return }
    }
  }
}
