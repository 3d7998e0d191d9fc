import ArgumentParser
import DRR
import Platform

struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data",
    abstract: "Describe, generate or convert ratings, sessions and what was served.",
    discussion: """
      Examples:
        drr data describe --data generated:small
        drr data sessions --data irecgan-lstm-sim.zip
        drr data generate small --out generated-small
        drr data import --data ml-1m.zip --out converted --format inter
        drr data split --data ml-1m.zip --out parts --split latest
        drr data feedback log --out served.csv
      """,
    subcommands: [
      Describe.self, Sessions.self, Generate.self, Import.self, Split.self, Feedback.self,
    ])
}

extension DataCommand {
  struct Describe: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Describe a set of ratings.",
      usage: "drr data describe [<source>] [<options>]",
      discussion: """
        Reads MovieLens, RecBole .inter, MovieTweetings, Netflix Prize, Jester, Book-Crossing, Amazon \
        reviews, Goodreads, Last.fm, Anime, Steam-200k, Yelp, RetailRocket, #nowplaying-RS, KuaiRec \
        and KuaiRand, from a folder, a file, a .zip, a .tar.gz or a .gz, recognised by itself; any \
        other table of fields or JSON objects with its columns named.

        Examples:
          drr data describe --data generated:small
          drr data describe ml-100k.zip --json
          drr data describe shop.csv --user-column who --item-column what --rating-column none
        """)

    @OptionGroup var source: SourceOptions
    @OptionGroup var scale: ScaleOptions
    @OptionGroup(title: "Reading") var reading: RatingsReadingOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      let log = try reading.load(source.path, scale.range.range)
      let summary = try log.describe(scale: scale.scale(of: log))
      try output.print(summary, summary.text)
    }
  }

  struct Generate: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write generated ratings in the layout of MovieLens CSV.",
      usage: "drr data generate <size> --out <folder> [<options>]",
      discussion: """
        Examples:
          drr data generate small --out generated-small
          drr data generate medium --out generated-medium --seed 7
        """)

    @Argument(
      help: "The size.", completion: .list(GeneratedRatings.Size.allCases.map(\.rawValue)))
    var size: String
    @OptionGroup var target: TargetFolder
    @Option(help: "Seed of the ratings.")
    var seed: UInt64 = 1
    @OptionGroup var output: OutputOptions

    func validate() throws { try target.requireFolder() }

    func run() throws {
      guard let generated = try? GeneratedRatings(named: "generated:\(size):\(seed)") else {
        let sizes = GeneratedRatings.Size.allCases.map(\.rawValue)
        throw RunError("the size is \(size); it must be \(oneOf(sizes, for: size))")
      }
      let progress = Progress()
      defer { progress.finish() }
      let checksum = try generated.write(to: target.path) { done, total in
        progress.update(done, of: total, "ratings")
      }
      progress.finish()
      let written = Written(
        folder: target.path, ratings: generated.size.ratingCount, checksum: checksum, notes: [])
      try output.print(written, written.text)
    }
  }

  struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Convert ratings of any layout to one that every command reads.",
      usage: "drr data import [<source>] --out <folder> [<options>]",
      discussion: """
        Known layouts are recognised by themselves; of any other table name the columns. Files of a \
        folder whose first lines are alike are one set, in order.

        Examples:
          drr data import --data generated:small --out converted
          drr data import ml-100k.zip --out atomic --format inter
          drr data import shop.jsonl --out shop --user-column buyer --item-column sku --kcore 5 \
        --event-column type --event-ratings view=1,cart=3,buy=5 --time-column at
        """)

    @OptionGroup var source: SourceOptions
    @OptionGroup var range: RangeOption
    @OptionGroup(title: "Reading") var reading: RatingsReadingOptions
    @OptionGroup var target: TargetFolder
    @Option(help: "csv (MovieLens) or inter (RecBole).")
    var format: RatingsLog.OutputFormat = .csv
    @OptionGroup var output: OutputOptions

    func validate() throws { try target.requireFolder(otherThan: source.path) }

    func run() throws {
      let log = try reading.load(source.path, range.range)
      let progress = Progress()
      defer { progress.finish() }
      let checksum = try log.write(to: target.path, format: format) { done, total in
        progress.update(done, of: total, "ratings")
      }
      progress.finish()
      let written = Written(
        folder: target.path, ratings: log.count, checksum: checksum, notes: log.notes)
      try output.print(written, written.text)
    }
  }

  struct Split: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write what training may learn from and what is held out, each in a file.",
      usage: "drr data split [<source>] --out <folder> [<options>]",
      discussion: """
        Parts ratings as `drr train` does with the same options and seed, so that another program \
        can be trained and judged on the same rows. Of users that are held out the first part of \
        the ratings, the profile, is in the file of training.

        Examples:
          drr data split ml-100k.zip --out parts --split latest
          drr data split --data ml-100k.zip --out atomic --format inter --split rows
        """)

    @OptionGroup var source: SourceOptions
    @OptionGroup var range: RangeOption
    @OptionGroup(title: "Reading") var reading: RatingsReadingOptions
    @OptionGroup(title: "What is held out") var split: SplitOptions<UsersHeldOut>
    @OptionGroup var target: TargetFolder
    @Option(help: "csv (MovieLens) or inter (RecBole).")
    var format: RatingsLog.OutputFormat = .csv
    @OptionGroup var output: OutputOptions

    func validate() throws {
      try target.requireFolder(otherThan: source.path)
      try split.requireTraining()
      if split.split == .nothing {
        throw ValidationError(
          "--split is none, which parts nothing; name another, or use drr data import.")
      }
    }

    func run() throws {
      let log = try reading.load(source.path, range.range)
      var evaluation = EvaluationProtocol(for: log)
      split.apply(to: &evaluation, choosing: true)
      try evaluation.validate()
      let parts = UserSplit(log, evaluation)
      try parts.requireEveryPart()
      if let warning = parts.orderWarning(in: log) { Console.note(warning) }
      let progress = Progress()
      defer { progress.finish() }
      let files = try log.write(parts, to: target.path, format: format) { done, total in
        progress.update(done, of: total, "ratings of a part")
      }
      progress.finish()
      let written = Parts(
        folder: target.path, split: evaluation.split.rawValue, splitSeed: evaluation.splitSeed,
        files: files.map { Parts.File(name: $0.file, ratings: $0.rows) }, notes: log.notes)
      try output.print(written, written.text)
    }

    struct Parts: Encodable {
      struct File: Encodable {
        var name: String
        var ratings: Int
      }

      var folder: String
      var split: String
      var splitSeed: UInt64
      var files: [File]
      /// What reading did that the ratings do not show.
      var notes: [String]

      var text: String {
        (files.map { "\(folder)/\($0.name): \(grouped($0.ratings)) ratings" } + noted(notes))
          .joined(separator: "\n")
      }
    }
  }

  /// Notes as lines below a result.
  fileprivate static func noted(_ notes: [String]) -> [String] {
    notes.flatMap { note in
      wrapped(note, to: 76).enumerated().map { ($0 == 0 ? "  " : "    ") + $1 }
    }
  }

  /// Whether two paths are of one file or folder.
  fileprivate static func isSamePlace(_ one: String, _ other: String) -> Bool {
    var (first, second) = (stat(), stat())
    return stat(one, &first) == 0 && stat(other, &second) == 0
      && (first.st_dev, first.st_ino) == (second.st_dev, second.st_ino)
  }

  /// The folder that ratings are written to: named by --out, or alone.
  struct TargetFolder: ParsableArguments {
    @Argument(help: .hidden, completion: .directory)
    var folder: String?
    @Option(
      help: ArgumentHelp("The folder to write to.", valueName: "folder"), completion: .directory)
    var out: String?

    var path: String { out ?? folder ?? "" }

    /// - Parameter source: what is read, which a folder that is written would replace.
    func requireFolder(otherThan source: String? = nil) throws {
      if let out, let folder {
        throw ValidationError("\(folder) and --out \(out) both name a folder; leave one out.")
      }
      if path.isEmpty { throw ValidationError("no folder is named; add --out FOLDER.") }
      if let source, isSamePlace(source, path) {
        throw ValidationError(
          "\(path) is what is read, and would be replaced; name another folder.")
      }
    }
  }

  struct Written: Encodable {
    var folder: String
    var ratings: Int
    var checksum: String
    /// What reading did that the ratings do not show.
    var notes: [String]

    var text: String {
      (["\(folder): \(grouped(ratings)) ratings, CRC-32 \(checksum)"] + noted(notes))
        .joined(separator: "\n")
    }
  }
}

extension RatingsLog.OutputFormat: ExpressibleByArgument {}
