import DRR
import Terminal

/// How fast the worlds step and SlateQ learns on one thread, as `bench steps` and `bench updates`
/// measure it in processes of their own.
struct ForesightSpeeds {
  /// The networks of VirtualTaobao; nil: it is left out.
  let weights: String?
  /// More words for the two commands.
  let further: [String]

  /// The section of the page.
  func section() -> String {
    let reports = [
      report(of: "steps", weights.map { [("--weights", $0)] } ?? []),
      report(
        of: "updates", [],
        flags: ["--no-ddpg", "--no-pmf", "--no-irecgan", "--no-multi-table", "--no-bandits"]),
    ]
    let found = reports.compactMap { try? $0.get() }
    let rows = found.flatMap(\.figures).compactMap(Self.row)
    let sentences =
      found.flatMap(\.skipped)
      + reports.compactMap { if case .failure(let absence) = $0 { "\(absence)" } else { nil } }
    let processor = found.first.map { " of an \($0.stamp.processor)" } ?? ""
    var parts = [
      "## Speed",
      "Steps of 64 environments together, and an update of SlateQ, on one thread\(processor); a "
        + "peer takes turns with them.",
    ]
    if !rows.isEmpty { parts.append(markdown([["work", "", "peer", "times the peer"]] + rows)) }
    if !sentences.isEmpty { parts.append(sentences.map { "- \($0)" }.joined(separator: "\n")) }
    return parts.joined(separator: "\n\n")
  }

  private func report(
    of command: String, _ options: [(name: String, value: String)], flags: [String] = []
  ) -> Result<Report, Peer.Absence> {
    let words =
      MeasuringOptions.words(of: command, [("--threads", "1")] + options, with: further) + flags
    do {
      return .success(try Report(json: ChildProcess.again(Latency.prefix + words)))
    } catch {
      // It has said why.
      return .failure(
        Peer.Absence(description: "`\(words.joined(separator: " "))` failed: nothing was measured"))
    }
  }

  private static func row(_ figure: Figure) -> [String]? {
    let peer = figure.peers?.first { $0.ratio != nil && !$0.name.hasPrefix("OpenBLAS") }
    let theirs = [peer?.name ?? "–", peer?.ratio.map { decimal($0, $0 < 10 ? 1 : 0) } ?? "–"]
    if let rate = figure.values?["steps/s"], rate.isFinite {
      return [figure.name, "\(grouped(Int(rate))) steps/s"] + theirs
    }
    guard figure.name.hasPrefix("SlateQ"), let time = figure.time else { return nil }
    return [figure.name, "\(decimal(1e3 * time.median, 2)) ms"] + theirs
  }
}
