import Foundation
import TestSupport

/// A server of `drr serve` under trial.
struct ServerSubject {
  let subject: Subject
  let client: HTTPClient

  /// Starts a server and waits until it listens.
  ///
  /// - Parameter words: options behind `drr serve`.
  init(
    _ program: String, _ words: [String], in folder: String, environment: [String: String] = [:]
  ) throws {
    subject = try Subject(
      [program, "serve", "--port", "0", "--device", "cpu"] + words, in: folder,
      environment: environment, limits: .init(seconds: 1e9))
    var found: HTTPClient?
    while found == nil {
      found = HTTPClient(ofServerSaying: subject.errorSoFar)
      guard subject.isRunning, subject.seconds < 60 else {
        throw Absent(description: "the server does not start: \(subject.errorSoFar)")
      }
      usleep(2_000)
    }
    client = found!
  }

  /// Why it did not go on until now, or does not end by SIGTERM; nil where it does.
  func ended() throws -> String? {
    guard subject.isRunning else { return "the server ended: \(try subject.wait())" }
    guard let ending = try ending() else { return "the server did not heed SIGTERM" }
    return ending.cause == .code(0) ? nil : "after SIGTERM it ends with \(ending)"
  }

  /// How it has ended, or ends by SIGTERM; nil where it does not.
  func ending() throws -> Subject.Ending? {
    subject.send(SIGTERM)
    let begun = ContinuousClock.now
    while subject.isRunning, ContinuousClock.now - begun < .seconds(20) { usleep(2_000) }
    guard !subject.isRunning else {
      subject.end()
      return nil
    }
    return try subject.wait()
  }

  /// Memory that it has resident, in bytes.
  var resident: Int {
    let status =
      (try? String(contentsOfFile: "/proc/\(subject.process)/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
    return 1_024 * (line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0)
  }
}

/// Threads that ask a server, until they are told to stop or it does not answer.
final class ServerLoad: @unchecked Sendable {
  private let group = DispatchGroup()
  private let lock = NSLock()
  private var isOver = false
  private var mayEnd = false
  private var asked = 0
  private var fault: String?

  /// - Parameters:
  ///   - threads: of which each has a connection.
  ///   - ask: makes a request, or a few, by the thread's number and its count of turns; answers what
  ///     is wrong with what came. Where the server is gone it throws, and the thread ends.
  init(
    _ client: HTTPClient, threads: Int,
    _ ask: @escaping @Sendable (HTTPConnection, _ thread: Int, _ turn: Int) throws -> String?
  ) {
    for thread in 0..<threads {
      group.enter()
      Thread { [self] in
        do {
          let connection = try HTTPConnection(port: client.port)
          for turn in 0... {
            if lock.withLock({ isOver }) { break }
            let fault = try ask(connection, thread, turn)
            lock.withLock {
              asked += 1
              self.fault = self.fault ?? fault
            }
          }
        } catch {
          lock.withLock { if !mayEnd { fault = fault ?? "\(error)" } }
        }
        group.leave()
      }.start()
    }
  }

  /// Turns that were answered.
  var count: Int { lock.withLock { asked } }

  /// The first thing that was wrong; nil where nothing was.
  var firstFault: String? { lock.withLock { fault } }

  /// From here on a server that is gone is no fault.
  func expectEnd() { lock.withLock { mayEnd = true } }

  /// Ends the threads behind the turns that they are at.
  func wait() {
    lock.withLock { isOver = true }
    group.wait()
  }
}
