import Foundation
import TestSupport
import Testing

typealias Scratch = TemporaryFolder
// Not the Program of DRR, which some tests import too.
typealias Program = TestSupport.Program
typealias Outcome = TestSupport.Outcome

/// Settings with which everything takes a fraction of a second.
enum Tiny {
  static let settings = [
    "--steps", "300", "--hidden", "16", "--dimension", "8", "--pmf-epochs", "4", "--batch-size",
    "16",
    "--buffer-size", "200", "--learning-starts", "50", "--checkpoint-steps", "20", "--no-myopic",
    "--checkpoint", "best",
  ]

  /// Those of the residual agent.
  static let residual = [
    "--bc-updates", "40", "--steps", "320", "--learning-starts", "32", "--batch-size", "16",
    "--buffer-size", "200", "--dimension", "8", "--pmf-epochs", "4", "--checkpoint-steps", "20",
    "--no-myopic",
  ]

  static let factorization = ["--data", "generated:tiny", "--dimension", "8", "--pmf-epochs", "4"]

  static let gan = [
    "train", "irecgan", "--world", "tabular", "--sessions", "40", "--user-epochs", "1",
    "--agent-epochs", "1", "--discriminator-epochs", "1", "--rounds", "1", "--refreshes", "1",
    "--roll-outs", "1", "--user-units", "4", "--agent-units", "4", "--embedding", "4",
    "--discriminator-sessions", "20", "--method", "pg",
  ]

  static func train(
    _ run: String, data: String? = "generated:tiny", device: String = "cpu", _ more: String...
  ) -> [String] {
    ["train", "drr", "--run", run, "--device", device] + (data.map { ["--data", $0] } ?? [])
      + settings + more
  }

  /// A folder with a trained run `run`.
  static func trained() throws -> Scratch {
    let folder = Scratch()
    try Program.run(train("run"), in: folder).required()
    return folder
  }
}

struct Failure: Error, CustomStringConvertible { var description: String }

extension Outcome {
  /// This outcome, where the program ended well: what a test stands on.
  ///
  /// - Throws: `Failure` with what it said otherwise.
  @discardableResult
  func required() throws -> Outcome {
    guard code == 0 else { throw Failure(description: description) }
    return self
  }
}

/// What `text` says as JSON; of a result that is a list, the list.
func json(_ text: String) throws -> Any {
  let value = try JSONSerialization.jsonObject(with: Data(text.utf8))
  let results = (value as? [String: Any]).flatMap { $0["schema"] == nil ? nil : $0["results"] }
  return results ?? value
}

/// A result without the head that each has.
func object(_ text: String) throws -> [String: Any] {
  guard var object = try json(text) as? [String: Any] else {
    throw Failure(description: "not an object: \(text)")
  }
  if object["program"] is String, object["commit"] is String, object["schema"] is Int {
    for key in ["program", "commit", "schema"] { object[key] = nil }
  }
  return object
}

extension Program {
  /// Kills a run and starts it again, for longer every time, until it ends by itself, well; how often
  /// it was killed, and how it ended.
  ///
  /// - Parameters:
  ///   - first: seconds that it has at most before the first kill.
  ///   - growth: what they are multiplied by after each.
  static func killedUntilDone(
    seed: UInt64, first: Double, growth: Double, _ start: (_ kills: Int) throws -> Program
  ) throws -> (kills: Int, outcome: Outcome) {
    var random = SeededGenerator(seed)
    var (patience, kills) = (first, 0)
    while true {
      let program = try start(kills)
      let deadline = Date() + Double.random(in: 0.3...1, using: &random) * patience
      program.until { Date() > deadline }
      program.send(SIGKILL)
      let outcome = try program.wait()
      if let code = outcome.code {
        #expect(code == 0, "\(outcome.description)")
        return (kills, outcome)
      }
      kills += 1
      patience *= growth
    }
  }

  /// How it ends that is given so many seconds.
  func ended(within seconds: Double) throws -> Outcome {
    let deadline = Date() + seconds
    until { Date() > deadline }
    #expect(!isRunning, "still at work after \(seconds) s")
    send(SIGKILL)
    return try wait()
  }
}

/// Whether what is printed is what a file holds, under the head that every result has.
func isResult(_ output: String, _ stored: String) throws -> Bool {
  try output.contains("\"program\" : \"drr ")
    && NSDictionary(dictionary: object(output)) == NSDictionary(dictionary: object(stored))
}

/// What a refused command must look like: a sentence, the code, and nothing on standard output.
func expectRefused(
  _ outcome: Outcome, _ code: Int32 = 1, _ parts: String...,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(outcome.code == code, "\(outcome.description)", sourceLocation: sourceLocation)
  #expect(outcome.output == "", sourceLocation: sourceLocation)
  #expect(outcome.error.hasPrefix("Error: "), sourceLocation: sourceLocation)
  for part in parts {
    #expect(outcome.error.contains(part), "\(outcome.error)", sourceLocation: sourceLocation)
  }
  if code == 1 {
    #expect(
      outcome.error.filter { $0 == "\n" }.count == 1, "\(outcome.error)",
      sourceLocation: sourceLocation)
  }
}
