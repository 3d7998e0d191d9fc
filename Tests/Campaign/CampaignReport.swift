import DRRCore
import Foundation
import Terminal

/// What a campaign found.
struct CampaignReport {
  struct Part {
    var name: String
    var seconds: Double
    var tally: Tally

    var tried: Int { tally.rows.reduce(0) { $0 + $1.tried } }
    var failed: Int { tally.rows.reduce(0) { $0 + $1.failed } }

    fileprivate var table: [[String]] {
      var rows = tally.rows.map {
        [$0.kind, grouped($0.tried), grouped($0.held), grouped($0.failed)]
      }
      rows.append(["all", grouped(tried), grouped(tried - failed), grouped(failed)])
      return rows
    }

    var text: String {
      var lines = [Table(rows: [[name, "tried", "held", "failed"]] + table).text]
      lines += tally.notes
      lines += tally.failures.map { "FAILED \($0.kind): \($0.what)\n  \($0.again)" }
      return lines.joined(separator: "\n") + "\n"
    }
  }

  var seed: UInt64
  var parts: [Part] = []

  var failed: Int { parts.reduce(0) { $0 + $1.failed } }

  var page: String {
    parts.map { part in
      let head = "| \(part.name) | tried | held | failed |\n| --- | ---: | ---: | ---: |\n"
      let rows = part.table.map { "| \($0.joined(separator: " | ")) |" }.joined(separator: "\n")
      let notes = part.tally.notes.map { "\n\n" + $0 }.joined()
      return "### \(part.name), \(Int(part.seconds.rounded())) s\n\n" + head + rows + notes + "\n"
    }.joined(separator: "\n")
  }

  func json() throws -> String {
    struct Stored: Encodable {
      struct Part: Encodable {
        var name: String
        var seconds: Double
        var tried, held, failed: Int
        var rows: [Tally.Row]
        var notes: [String]
        var failures: [Tally.Failure]
      }
      var program: String
      var seed: UInt64
      var parts: [Part]
    }
    let stored = Stored(
      program: Program.title, seed: seed,
      parts: parts.map {
        Stored.Part(
          name: $0.name, seconds: $0.seconds, tried: $0.tried, held: $0.tried - $0.failed,
          failed: $0.failed, rows: $0.tally.rows, notes: $0.tally.notes,
          failures: $0.tally.failures)
      })
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(stored), as: UTF8.self)
  }
}
