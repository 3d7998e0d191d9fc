import ArgumentParser
import DRR
import Kernels
import Tensor

extension SimulateCommand {
  struct Sessions: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "sessions", abstract: "Let a world's users click, and write the log.",
      discussion: """
        Worlds: tabular[:SEED] and lstm[:SEED] are drawn; a folder or .zip with score.txt and \
        prob.txt, or with an exported network's manifest.json, is read. Policies: random, max and \
        mix, in a tabular world optimal, and blind, the best that looks at nothing, in an LSTM world the one that its log \
        was made by.

        Examples:
          drr simulate sessions --world tabular --policy mix --sessions 1000 --out logs/mix
          drr simulate sessions --world irecgan-lstm-sim.zip --sessions 10000 --out logs/lstm
        """)

    @OptionGroup var world: WorldOptions
    @Option(help: "Where to write the log (default: nowhere, only count).")
    var out: String?
    @Option(
      help: ArgumentHelp(
        "The layout (default: semicolon, of an LSTM world threeFiles).",
        valueName: SessionLog.OutputFormat.allCases.map(\.rawValue).joined(separator: "|")))
    var format: SessionLog.OutputFormat?
    @OptionGroup var device: DeviceOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      let source = try world.open(on: device.sessionBackend())
      let made = try makeSessions(world.log(source), in: source)
      if let out {
        let format = format ?? (source.world is TabularWorld ? .semicolon : .threeFiles)
        try made.log.write(to: out, format: format)
        Console.note("\(out): \(grouped(made.log.count)) sessions")
      }
      try Console.result(
        output.json
          ? RunFolder.json(made.statistics, pretty: true)
          : Table(rows: [SimulationStatistics.header, made.statistics.row(made.log.name)]).text)
    }
  }
}
