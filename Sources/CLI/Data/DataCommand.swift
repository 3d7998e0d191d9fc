import ArgumentParser
import DRR

struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Describe, generate or convert ratings and sessions.",
    discussion: """
      Examples:
        drr data describe ml-100k.zip
        drr data sessions irecgan-lstm-sim.zip
        drr data generate small generated-small
        drr data import ml-1m.zip converted --format inter
      """,
    subcommands: [Describe.self, Sessions.self, Generate.self, Import.self])
}

extension DataCommand {
  struct Describe: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Count what a set of ratings holds.",
      discussion: """
        Reads MovieLens (100K, 1M, 10M, 20M, 25M, 32M, latest), MovieTweetings and RecBole .inter, \
        from a folder, a file or a .zip; the layout is recognised by itself.

        Examples:
          drr data describe ml-100k.zip
          drr data describe generated:small --json
        """)

    @Argument(help: "A folder, a file, a .zip, or generated:SIZE[:SEED].")
    var source: String
    @OptionGroup var output: OutputOptions

    func run() throws {
      let summary = try loadRatings(source).describe()
      if output.json { return try Console.result(RunFolder.json(summary, pretty: true)) }
      try Console.result(summary.text)
    }
  }

  struct Generate: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write generated ratings in the layout of MovieLens CSV.",
      discussion: """
        Sizes: \(GeneratedRatings.Size.allCases.map(\.rawValue).joined(separator: ", ")).

        Examples:
          drr data generate small generated-small
          drr data generate large generated-large --seed 7
        """)

    @Argument(help: "The size.")
    var size: String
    @Argument(help: "The folder to write to.")
    var folder: String
    @Option(help: "Draws the ratings.")
    var seed: UInt64 = 1
    @OptionGroup var output: OutputOptions

    func run() throws {
      let generated = try GeneratedRatings(named: "generated:\(size):\(seed)")
      let progress = Progress()
      let checksum = try generated.write(to: folder) { done, total in
        progress.update(done, of: total, "ratings")
      }
      progress.finish()
      try report(
        Written(folder: folder, ratings: generated.size.ratingCount, checksum: checksum),
        output.json)
    }
  }

  struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Convert ratings of any known layout.",
      discussion: """
        Examples:
          drr data import ml-1m.zip converted
          drr data import ml-100k.zip atomic --format inter
        """)

    @Argument(help: "A folder, a file, a .zip, or generated:SIZE[:SEED].")
    var source: String
    @Argument(help: "The folder to write to.")
    var folder: String
    @Option(help: "csv (MovieLens) or inter (RecBole).")
    var format: RatingsLog.OutputFormat = .csv
    @OptionGroup var output: OutputOptions

    func run() throws {
      let log = try loadRatings(source)
      let progress = Progress()
      let checksum = try log.write(to: folder, format: format) { done, total in
        progress.update(done, of: total, "ratings")
      }
      progress.finish()
      try report(Written(folder: folder, ratings: log.count, checksum: checksum), output.json)
    }
  }

  struct Written: Encodable {
    var folder: String
    var ratings: Int
    var checksum: String
  }

  static func report(_ written: Written, _ json: Bool) throws {
    if json { return try Console.result(RunFolder.json(written, pretty: true)) }
    try Console.result(
      "\(written.folder): \(grouped(written.ratings)) ratings, CRC-32 \(written.checksum)")
  }
}

extension ParsableCommand {
  func report(_ written: DataCommand.Written, _ json: Bool) throws {
    try DataCommand.report(written, json)
  }
}

extension RatingsLog.OutputFormat: ExpressibleByArgument {}
