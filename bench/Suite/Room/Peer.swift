import DRR
import Essentials
import Terminal

/// Another program that does the same work, through a script of bench/peers. The script takes its
/// shapes, --threads and --rounds as arguments and prints one line of JSON: an `Answer`.
struct Peer {
  /// What it is, for a sentence that says it is left out.
  var name: String
  var script: String
  var arguments: [String]

  struct Answer: Codable, Equatable {
    /// The program with its version.
    var peer: String
    /// Why it cannot run here, and how to install it, where it cannot.
    var absent: String?
    /// Seconds a call by the names of the cases that the script was asked for.
    var figures: [String: Samples]?
    var note: String?

    subscript(name: String) -> Samples? { figures?[name] }

    func merged(with other: Answer) -> Answer {
      var all = self
      all.figures = (figures ?? [:]).merging(other.figures ?? [:]) { $0 + $1 }
      return all
    }
  }

  struct Absence: Error, CustomStringConvertible {
    var description: String
  }

  /// What it measured, or in a sentence why it is left out.
  func run(threads: Int, rounds: Int, python: String) throws -> Result<Answer, Absence> {
    let words =
      [python, script] + arguments + ["--threads", "\(threads)", "--rounds", "\(rounds)"]
    var setting: [String: String] = [:]
    for name in ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"] {
      setting[name] = "\(threads)"
    }
    guard readText(script) != nil else {
      return .failure(Absence(description: "\(name) is left out: there is no \(script)"))
    }
    let outcome: ChildProcess.Outcome
    do {
      outcome = try ChildProcess.run(words, setting: setting, quietly: true)
    } catch let error as RunError {
      return .failure(Absence(description: "\(name) is left out: \(error)"))
    }
    guard outcome.code == 0, let answer = Self.answer(outcome.output) else {
      return .failure(
        Absence(description: "\(name) is left out: `\(words.joined(separator: " "))` failed"))
    }
    if let absent = answer.absent {
      return .failure(Absence(description: "\(name) is left out: \(absent)"))
    }
    return .success(answer)
  }

  /// The answer in a script's last line.
  static func answer(_ output: String) -> Answer? {
    guard let line = output.split(separator: "\n").last else { return nil }
    return try? JSONDecoder().decode(Answer.self, from: Data(line.utf8))
  }
}

extension Room {
  func peer(_ name: String, _ script: String, _ arguments: [String]) -> Peer {
    Peer(name: name, script: "\(options.peers)/\(script)", arguments: arguments)
  }
}
