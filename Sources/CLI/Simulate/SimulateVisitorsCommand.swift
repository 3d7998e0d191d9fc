import ArgumentParser
import DRR
import Feedback
import Kernels
import Server
import Terminal

extension SimulateCommand {
  struct SimulateVisitors: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "visitors", abstract: "Visit a server as simulated users, and rate its lists.",
      discussion: """
        What users think is the factorization of all ratings of --data. Each visit is of a user drawn \
        by chance, who asks `drr serve` for a list and rates every item of it about their own taste. \
        So a server, its log, and what is learned from it can be tried before anybody comes: what \
        the visitors earned is told by tenths of their visits, beside items alike and each user's best \
        items. Visits go over one connection, one after another: with a --seed of the server too, \
        they are the same each time.

        Examples:
          drr serve --model models/live --log feedback --explore
          drr simulate visitors --data ml-100k.zip --lists 5000
          drr simulate visitors --data ml-1m.zip --server http://localhost:9000 --top 3 --json
        """)

    @Option(
      help: ArgumentHelp(
        "Ratings: a folder, a file, a .zip, generated:SIZE[:SEED], or several of these joined by +.",
        valueName: "source"), completion: .file())
    var data = "generated:small"
    @Option(help: ArgumentHelp("Where the server listens.", valueName: "http://host:port"))
    var server = "http://localhost:8080"
    @Option(help: "Lists that are asked for.")
    var lists = Visitors.Settings().lists
    @Option(help: "Items of a list, each of which is rated.")
    var top = Visitors.Settings().top
    @Option(help: "The standard deviation of a rating about the user's own.")
    var noise = 1.0
    @Option(
      help: ArgumentHelp(
        "A file whose first line the server asks for.", valueName: "file"), completion: .file())
    var tokenFile: String?
    @OptionGroup var random: SeedOption
    @OptionGroup var output: OutputOptions

    func validate() throws {
      if !(noise >= 0 && noise.isFinite) {
        throw ValidationError("--noise is \(noise); it must be 0 or more.")
      }
    }

    func run() throws {
      Interrupt.install()
      var settings = Visitors.Settings()
      (settings.lists, settings.top, settings.seed) = (lists, top, random.seed)
      try settings.validate()
      let token = try tokenFile.map { try ServerToken.read($0) }
      let tastes = try tastes()
      let visitors = try Visitors(settings, tastes, server: server, token: token)
      // Only the task that is waited for shows it.
      nonisolated(unsafe) let progress = Progress()
      defer { progress.finish() }
      let report = try awaited { [lists] in
        try await visitors.run {
          if Interrupt.isRequested { throw Interrupted(step: $0) }
          progress.update($0, of: lists, "lists")
        }
      }
      progress.finish()
      try output.print(report, text(report))
    }

    /// The truth, fitted in sight.
    private func tastes() throws -> SimulatedTastes {
      let ratings = try loadRatings(data, nil)
      let progress = Progress()
      defer { progress.finish() }
      return try SimulatedTastes(ratings, noise: noise, seed: 0, on: CPUBackend()) {
        if Interrupt.isRequested { throw Interrupted(step: 0) }
        progress.update($0, of: $1, "updates of what users think")
      }
    }

    private func text(_ report: Visitors.Report) -> String {
      var rows = [["lists", "reward of a list"]]
      var end = 0
      for (tenth, interval) in report.tenths.enumerated() {
        let start = end
        end = report.settings.lists * (tenth + 1) / report.tenths.count
        rows.append(["\(grouped(start + 1)) to \(grouped(end))", interval.text(4)])
      }
      rows.append(["all", report.reward.text(4)])
      rows.append(["items alike", decimal(report.random, 4)])
      rows.append(["each user's best items", decimal(report.oracle, 4)])
      return "\(report.data): \(grouped(report.users)) users\n\(Table(rows: rows).text)"
        + (report.unknown > 0
          ? "\n\(grouped(report.unknown)) items shown that \(report.data) does not have" : "")
    }
  }
}
