import ArgumentParser
import DRR
import Kernels
import Tensor

extension SimulateCommand {
  struct Sessions: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "sessions", abstract: "Let a simulator's users click, and write the log.",
      usage: "drr simulate sessions [<options>]",
      discussion: """
        Simulators: tabular[:SEED] and lstm[:SEED] are drawn; a folder or .zip with score.txt and \
        prob.txt, or with an exported network's manifest.json, is read. Logging policies: random, max \
        and mix, in a tabular simulator optimal, and blind, the best state-blind list, in an LSTM \
        simulator the one that its log was made by.

        Examples:
          drr simulate sessions --env tabular --policy mix --sessions 1000 --out mix
          drr simulate sessions --env lstm --sessions 200 --out lstm-log
        """)

    @OptionGroup var world: WorldOptions
    @Option(
      help: ArgumentHelp(
        "The folder or file to write the log to. (default: none, only count)", valueName: "path"),
      completion: .file())
    var out: String?
    @Option(help: "The layout. (default: semicolon, of an LSTM simulator three-files)")
    var format: SessionLog.OutputFormat?
    @OptionGroup var device: DeviceOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      let source = try world.open(on: device.sessionBackend())
      let made = try makeSessions(world.log(source), in: source)
      try output.print(
        made.statistics,
        Table(rows: [SimulationStatistics.header, made.statistics.row(made.log.name)]).text
      ) {
        guard let out else { return }
        let format = format ?? (source.world is TabularWorld ? .semicolon : .threeFiles)
        try made.log.write(to: out, format: format)
        Console.note("\(out): \(grouped(made.log.count)) sessions")
      }
    }
  }
}
