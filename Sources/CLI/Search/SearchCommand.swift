import ArgumentParser
import DRR

struct SearchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "search", abstract: "Search settings by what validation users say of them.",
    discussion: """
      Every trial is an ordinary run, with settings drawn from the space, side by side on the cores \
      there are. It is judged by what its training validates, never on test users: NDCG@10 of agents on \
      ratings and of GRUs, returns and clicks in simulators, exact values in tabular MDPs. The best \
      of many is optimistic: what it is worth, `drr evaluate` says on test users. Interrupted or \
      killed, a search goes on with the same command; more --trials go on from fewer.

      With --rounds R the search is by successive halving (Jamieson and Talwalkar 2016): all trials \
      train by the fewest steps, the best third by three times as many, anew, and so on to --steps of \
      the space.

      The space, in YAML or JSON, has options by their names:

        train: dqn
        env: cliff
        steps: 20000
        search:
          learning-rate: {low: 1e-4, high: 1e-2, scale: log}
          hidden: [16, 32, 64]

      Examples:
        drr search --space dqn.yaml --trials 30 --run runs/search
        drr search --space drr.yaml --trials 27 --rounds 3 --seeds 2
        drr train dqn --config runs/search/best.yaml --run runs/best
      """)

  @Option(
    help: ArgumentHelp("What is trained, and the settings to search.", valueName: "file"),
    completion: .file(extensions: ["yaml", "yml", "json"]))
  var space: String
  @Option(help: "How many settings are tried.")
  var trials = 20
  @Option(help: "Trainings of each, with seeds from --seed on; their mean counts.")
  var seeds = 1
  @Option(help: "Rounds of successive halving; 1: random search.")
  var rounds = 1
  @Option(
    name: .customLong("run"),
    help: ArgumentHelp("The folder of all trials.", valueName: "folder"), completion: .directory)
  var folder = "runs/search"
  @OptionGroup var random: SeedOption
  @OptionGroup var tables: TableOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if folder.isEmpty { throw ValidationError("--run is empty; name a folder.") }
    for (name, value, most) in [
      ("--trials", trials, 10_000), ("--seeds", seeds, 1_000), ("--rounds", rounds, 10),
    ] where !(1...most).contains(value) {
      throw ValidationError("\(name) is \(value); it must be 1 ... \(grouped(most)).")
    }
  }

  func run() throws {
    Interrupt.install()
    let space = try SearchSpace(space)
    let search = try Search(space: space, folder: RunFolder(folder), plan: plan(space))
    let report = try search.run(resume: Interrupt.typedCommand)
    guard let best = report.best else {
      let reason = report.trials.first?.failure.map { "; the first: \($0)" } ?? ""
      throw RunError("\(folder): no trial has a score\(reason)")
    }
    let command = "drr train \(space.algorithm) --config \(search.best) --run runs/best"
    try output.print(
      report,
      """
      \(report.text(tables.format, rows: tables.all ? report.trials.count : 10))
      trial \(best.number) is the best of \(report.trials.count) in validation, and so may look better than it is
      settings: \(search.best); picture: \(search.picture)
      next: \(command)
      """, isForPeople: tables.format == .text)
    for reason in report.reasons { Console.note(reason) }
  }

  private func plan(_ space: SearchSpace) throws -> Search.Plan {
    let steps = space.fixed.entries.first { $0.name == "steps" }
    let most = steps?.value.int
    if rounds > 1, most ?? 0 < Search.Plan.cut(rounds - 1) {
      throw RunError(
        "\(self.space): --rounds is \(rounds), and the steps are too few to be cut; write a line \"steps: "
          + "N\" of \(grouped(Search.Plan.cut(rounds - 1))) or more, or lower --rounds")
    }
    return Search.Plan(
      space: try space.text(), trials: trials, seeds: seeds, rounds: rounds, seed: random.seed,
      steps: rounds > 1 ? most : nil)
  }
}
