import Foundation
import TestSupport
import Testing

/// A server of `drr serve` at work, on small models.
enum TestServer {
  /// A folder with models of a factorization, of an agent and of click sessions.
  nonisolated(unsafe) static let models = Result { () throws -> Scratch in
    let folder = Scratch()
    for words in [
      ["train", "pmf", "--run", "pmf", "--device", "cpu"] + Tiny.factorization,
      Tiny.train("drr"), Tiny.gan + ["--run", "gan", "--device", "cpu"],
      ["export", "model", "pmf", "models/pmf"], ["export", "model", "drr", "models/drr"],
      ["export", "model", "gan", "models/gan"],
    ] {
      try Program.run(words, in: folder).required()
    }
    return folder
  }

  /// Starts a server and waits until it listens.
  static func start(_ words: [String], in folder: Scratch) throws -> (Program, HTTPClient) {
    let program = try Program(
      ["serve", "--port", "0", "--seed", "1", "--device", "cpu"] + words, in: folder,
      asGiven: true)
    var client: HTTPClient?
    let deadline = Date() + 60
    program.until {
      client = HTTPClient(ofServerSaying: program.error)
      return client != nil || Date() > deadline
    }
    guard let client else {
      program.send(SIGKILL)
      throw Failure(description: try program.wait().description)
    }
    return (program, client)
  }

  static func end(_ program: Program) throws {
    program.send(SIGTERM)
    let outcome = try program.ended(within: 20)
    #expect(outcome.code == 0, "\(outcome.description)")
  }
}

extension HTTPClient.Answer {
  /// The ids of the items that a list has.
  var ids: [String] {
    (object["items"] as? [[String: Any]] ?? []).compactMap { $0["id"] as? String }
  }
}
