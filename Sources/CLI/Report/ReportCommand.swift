import ArgumentParser
import DRR
import Kernels
import Tensor

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Draw what runs came to, as one page of HTML.",
    usage: "drr report <run> ... [<options>]",
    discussion: """
      The page needs nothing else: no script, no other file, no request. It has the verdict, the \
      protocol, learning curves (several runs over each other), and what there is to see of each kind of run: of agents on ratings every baseline with its interval, paired \
      differences, and what users would be shown, before and after training, in a map of the \
      catalogue; of worlds the returns of known policies; of a table the grid with values and ways; of \
      many tables what each genre's learned; of bandits regret. Evaluate first, so that there is a \
      verdict.

      Runs that differ in their seeds alone are one curve with a band: a group that `--seeds` \
      trained, runs that are named one by one, or a folder that holds them.

      What `drr ope --out FOLDER` kept is drawn as well, alone or beside runs: every policy's value \
      by every estimator beside the behavior policy's, how its importance weights are spread, and \
      the reward model's calibration. Name the folder, or a file that --json was written to.

      Examples:
        drr evaluate --run runs/first
        drr report runs/first --out first.html
        drr report runs/first --user 196 --user 42
        drr report runs/seed-0 runs/seed-1 runs/seed-2
        drr report runs/slateq runs/pg runs/dqn --out agents.html
        drr ope --data synthetic/log.csv --policy uniform --out results/ope
        drr report results/ope --out ope.html
      """)

  @Argument(
    help: "Folders of runs, of several that differ in their seeds, or of results of `drr ope`.",
    completion: .file())
  var runs: [String]
  @Option(
    help: ArgumentHelp("The page that is written.", valueName: "file.html"),
    completion: .file(extensions: ["html"]))
  var out = "report.html"
  @Option(
    help:
      "A user of the data, to whom lists are shown; may repeat. (default: three of 20 to 200 ratings)"
  )
  var user: [String] = []
  @Flag(help: "Show no lists, and nothing of tables by genre: the data are not read.")
  var noLists = false
  @Option(help: "Episodes of every policy with each of three seeds, in worlds of slates; 0: none.")
  var episodes = 50
  @OptionGroup var place: RunDataOption
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if runs.contains("") { throw ValidationError("a run is empty; name its folder.") }
    if out.isEmpty { throw ValidationError("--out is empty; name a file, as report.html.") }
    try requireFolder(of: out, "--out")
    if !(0...100_000).contains(episodes) {
      throw ValidationError("--episodes is \(episodes); it must be 0 ... 100,000.")
    }
    if noLists, let user = user.first {
      throw ValidationError("--user \(user) and --no-lists are both given; leave one out.")
    }
  }

  private struct Written: Encodable {
    var out: String
    var bytes: Int
    var runs: [String]
  }

  func run() throws {
    let backend = try DeviceCatalog.backend(for: .cpu)
    var report = try RunReport(runs.map { RunFolder($0) }, on: backend)
    report.episodes = episodes
    if !noLists { report.readRatings = { try loadRatings(place.data ?? $0, $1) } }
    report.recommending = try recommending(report.folders, on: backend)
    let page = try report.html()
    try AtomicFile.write(page, to: out, readers: .all)
    try output.print(
      Written(out: out, bytes: page.utf8.count, runs: runs),
      "\(out): \(report.summary), \(grouped(page.utf8.count / 1_000)) KB")
  }

  /// By the first run that recommends items to users.
  private func recommending(
    _ folders: [RunFolder], on backend: any Backend
  ) throws -> RunReport.Recommending? {
    guard !noLists,
      let folder = try folders.first(where: { folder in
        let first = try folder.readGroup()?.members.first.map { $0.folder(in: folder) } ?? folder
        let settings = try Algorithms.settings(of: first) as? RunConfiguration
        return settings?.agent.map(RunExport.exports) ?? false && first.exists(first.checkpoint)
      })
    else {
      if let user = user.first {
        throw RunError(
          "--user is \(user), but no run of \(runs.joined(separator: ", ")) recommends to users; "
            + "leave it out")
      }
      return nil
    }
    let trained = try exportedModel(of: folder, data: place.data, on: backend)
    let untrained = try exportedModel(
      of: folder, data: place.data, isUntrained: true, on: backend)
    let users =
      user.isEmpty
      ? trained.typicalUsers(3) : try user.map { try RecipientOptions.index(ofUser: $0, trained) }
    func policy(_ model: ExportedModel) throws -> ServingPolicy {
      try ServingPolicy(model) { try DeviceCatalog.backend(for: .cpu) }
    }
    return try RunReport.Recommending(
      trained: policy(trained), untrained: policy(untrained), users: users)
  }
}

extension ExportedModel {
  /// The first users of neither few nor very many ratings.
  fileprivate func typicalUsers(_ count: Int) -> [Int] {
    let typical = (0..<users.count).filter { 20...200 ~= users.rated(by: $0).items.count }
    return Array((typical.isEmpty ? Array(0..<users.count) : typical).prefix(count))
  }
}
