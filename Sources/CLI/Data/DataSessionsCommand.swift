import ArgumentParser
import DRR

extension DataCommand {
  struct Sessions: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Describe a log of sessions, or write it in another layout.",
      usage: "drr data sessions [<source>] [<options>]",
      discussion: """
        Reads gen_click.txt, gen_action.txt and gen_reward.txt; lines of \
        session;state;click;list;purchase; item ids by blank, a session a line; the raw files of \
        CIKM Cup 2016 (train-queries.csv, train-clicks.csv, train-item-views.csv, \
        train-purchases.csv) or views alone; from a folder, a file or a .zip, recognised by itself.

        Examples:
          drr data sessions --data irecgan-lstm-sim.zip
          drr data sessions cikm2016 --maximum-length 40 --long-sessions drop
          drr data sessions log.txt --out converted --format three-files --json
        """)

    @OptionGroup var source: SourceOptions
    @OptionGroup var reading: SessionReadingOptions
    @Option(
      help: ArgumentHelp(
        "The folder or file to write the sessions to. (default: none)", valueName: "path"),
      completion: .file())
    var out: String?
    @Option(help: "The layout that is written.")
    var format = SessionLog.OutputFormat.semicolon
    @OptionGroup var output: OutputOptions

    func run() throws {
      let log = try loadSessions(source.path, reading.options)
      let summary = log.describe()
      try output.print(summary, summary.text) {
        guard let out else { return }
        try log.write(to: out, format: format)
        Console.note("\(out): \(grouped(log.count)) sessions")
      }
    }
  }
}

extension SessionSummary {
  var text: String {
    func bars(_ bins: [Bin], _ unit: String) -> String {
      let shown = bins.prefix(12)
      let most = max(1, shown.map(\.count).max() ?? 1)
      let lines = shown.map { bin in
        "  \(bin.value) \(unit)  "
          + String(repeating: "█", count: (40 * bin.count + most / 2) / most)
          + " \(grouped(bin.count))"
      }
      let rest = bins.dropFirst(12).reduce(0) { $0 + $1.count }
      return (lines + (rest > 0 ? ["  more  \(grouped(rest))"] : [])).joined(separator: "\n")
    }
    let sizes = listSizes.map(\.value)
    let lists =
      sizes.isEmpty || sizes == [0]
      ? "none" : "\(sizes.first!) ... \(sizes.last!) items" + (listsAreSampled ? ", sampled" : "")
    return """
      data      \(name) (\(format)), CRC-32 \(checksum)
      sessions  \(grouped(sessions)), mean length \(decimal(meanLength, 2)) steps; \(grouped(endedSessions)) left by their users
      steps     \(grouped(steps)), of which \(grouped(targets)) can be predicted
      items     \(grouped(clickedItems)) clicked of \(grouped(items))
      lists     \(lists)
      reward    mean \(decimal(meanReward, 4)) a step, \(decimal(100 * rewardedShare, 2))% rewarded
      \(bars(lengths, "steps"))
      """
  }
}
