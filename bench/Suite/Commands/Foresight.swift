import ArgumentParser
import DRR
import Dispatch
import Kernels
import Platform
import Synchronization
import Terminal

/// Whether looking ahead pays: agents in the public worlds of slates.
struct Foresight: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write the table of agents in the public worlds of slates.",
    discussion: """
      Trains SlateQ and its myopic twin (γ = 0), or other agents, in each world, plays what each \
      training kept with users that none has met, beside the policies that the world is known by, \
      and writes a table and a picture of returns against steps. Trainings go side by side, one a \
      core; CPU seconds are right where each has one thread. What a killed command has trained is \
      kept in --run.

      Examples:
        OPENBLAS_NUM_THREADS=1 drr bench foresight
        drr bench foresight --agent pg --agent dqn --seeds 3 --output learners.md
        drr bench foresight --seeds 2 --part 0.1 --run runs/quick --output quick.md
      """)

  @Option(
    name: .customLong("agent"),
    help: ArgumentHelp(
      "SlateQ, its myopic twin, SlateQ with a GRU over the latest 16 steps, deep Q-learning, a "
        + "policy gradient; several are given one by one. (default: slateq, myopic)"))
  var agents: [ForesightAgent] = []
  @Option(help: "Training seeds, from 0 on.")
  var seeds = 5
  @Option(help: "Part of the steps of every training.")
  var part = 1.0
  @Option(name: .customLong("num-envs"), help: "Users side by side in training and validation.")
  var environments = 256
  @Option(help: "Episodes of each policy with each of three seeds of users.")
  var episodes = 200
  @Option(name: .customLong("run"), help: "Where the runs are kept.")
  var runs = "runs/foresight"
  @Option(help: "The file that is written; pictures lie beside it.")
  var output = "bench/results/foresight.md"

  func validate() throws {
    try RunGroup(seeds: seeds).validate()
    guard 1...65_536 ~= environments else {
      throw ValidationError("--num-envs is \(environments); it must be 1 ... 65,536.")
    }
    guard part > 0 && part <= 1 else {
      throw ValidationError("--part is \(part); it must be above 0 and at most 1.")
    }
    guard 1...100_000 ~= episodes else {
      throw ValidationError("--episodes is \(episodes); it must be 1 ... 100,000.")
    }
  }

  func run() throws {
    let cases = ForesightCase.all(part: part)
    let work = cases.flatMap { stage in
      (0..<seeds).flatMap { seed in wanted.map { (stage, UInt64(seed), $0) } }
    }
    let finished = Mutex<[Result<ForesightTraining, any Error>?]>(work.map { _ in nil })
    DispatchQueue.concurrentPerform(iterations: work.count) { number in
      let (stage, seed, agent) = work[number]
      let result = Result { try train(stage, seed: seed, agent) }
      finished.withLock { $0[number] = result }
    }
    let trained = try finished.withLock { try $0.map { try $0!.get() } }
    try RunFolder(output.parentFolder).create()
    var sections: [String] = []
    var summary: [[String]] = []
    for stage in cases {
      let found = try ForesightResult(
        stage, wanted, trained.filter { $0.name == stage.name }, episodes: episodes)
      summary.append(found.summary)
      sections.append(found.section(picture: picture(stage)))
      try AtomicFile.write(
        found.chart.picture.file, to: "\(output.parentFolder)/\(picture(stage))", readers: .all)
    }
    try AtomicFile.write(page(summary, sections), to: output, readers: .all)
    print("\(output): \(work.count) runs in \(cases.count) worlds")
  }

  /// In the order of the table.
  private var wanted: [ForesightAgent] {
    ForesightAgent.allCases.filter {
      agents.isEmpty ? $0 == .myopic || $0 == .slateq : agents.contains($0)
    }
  }

  private func picture(_ stage: ForesightCase) -> String {
    let page = output.split(separator: "/").last.map(String.init) ?? output
    return (page.hasSuffix(".md") ? String(page.dropLast(3)) : page) + "-\(stage.folder).svg"
  }

  private func train(
    _ stage: ForesightCase, seed: UInt64, _ agent: ForesightAgent
  ) throws -> ForesightTraining {
    var settings = agent.settings(stage.settings)
    settings.seed = seed
    settings.agent.environments = environments
    settings.agent.validationEpisodes = environments
    let folder = RunFolder("\(runs)/\(stage.folder)/\(agent.rawValue)/seed-\(seed)")
    let run = try Run(settings, folder: folder)
    try run.begin()
    let trainer = try SlateQRunTrainer(settings, on: DeviceCatalog.backend(for: .cpu))
    let begun = ThreadClock.seconds
    let wasBegun = folder.exists(folder.checkpoint)
    _ = try run.train(trainer, device: "cpu")
    let seconds = ThreadClock.seconds - begun
    print("\(folder.path): \(decimal(seconds, 1)) CPU s")
    return ForesightTraining(
      name: stage.name, agent: agent, trainer: trainer,
      curve: folder.metrics(WorldValidation.self, kind: "validation"),
      seconds: wasBegun ? nil : seconds)
  }

  /// What is not as it is by default.
  private var options: String {
    agents.map { " --agent \($0.rawValue)" }.joined() + (part == 1 ? "" : " --part \(part)")
      + (environments == 256 ? "" : " --num-envs \(environments)")
  }

  private func page(_ summary: [[String]], _ sections: [String]) -> String {
    """
    # Where looking ahead pays: agents in public worlds

    ```
    OPENBLAS_NUM_THREADS=1 drr bench foresight --seeds \(seeds) --episodes \(episodes)\(options)
    ```

    A return is the undiscounted sum of an episode's rewards; 95 % intervals, of agents over \
    \(seeds) training seeds, of the other policies over users. All play with the same users, whom no \
    training met; of the policies of a training the one that earned most from other users again is \
    played. The agent is told what a world shows to everybody (`drr simulate worlds`) and nothing \
    hidden; the myopic twin is the same agent with γ = 0. \(Program.title).

    \(markdown(
      [
        ["world", "random", "myopic", "best known", "untrained"] + wanted.map(\.name) + ["95 %"]
      ] + summary))

    \(sections.joined(separator: "\n\n"))

    """
  }
}

/// What learns.
enum ForesightAgent: String, CaseIterable, ExpressibleByArgument {
  case myopic, dqn, pg, gru, slateq

  var name: String {
    switch self {
    case .slateq: "SlateQ"
    case .myopic: "SlateQ, γ = 0"
    case .gru: "SlateQ, GRU of 16 steps"
    case .dqn: "DQN"
    case .pg: "policy gradient"
    }
  }

  /// What it learns by, of SlateQ's settings in a world.
  func settings(_ slateQ: SlateQRunConfiguration) -> SlateQRunConfiguration {
    var settings = slateQ
    switch self {
    case .slateq: break
    case .myopic: settings.agent.discount = 0
    case .gru: settings.agent.window = 16
    case .dqn:
      settings.agent = SlateQConfiguration(.dqn)
      settings.agent.steps = slateQ.agent.steps
      settings.agent.lambda = slateQ.agent.lambda
      settings.agent.rollouts = slateQ.agent.rollouts
      settings.agent.epochs = slateQ.agent.epochs
    case .pg:
      settings.agent = SlateQConfiguration(.pg)
      settings.agent.steps = slateQ.agent.steps
    }
    return settings
  }
}

/// A world and the agent that is trained in it.
struct ForesightCase {
  var name: String
  var folder: String
  var settings: SlateQRunConfiguration

  private init(
    _ name: String, _ folder: String, _ world: SlateWorld, steps: Int, part: Double,
    _ change: (inout SlateQConfiguration) -> Void = { _ in }
  ) {
    (self.name, self.folder) = (name, folder)
    settings = SlateQRunConfiguration()
    settings.world = world
    settings.agent.steps = max(Int(part * Double(steps)), 1)
    change(&settings.agent)
  }

  static func all(part: Double) -> [ForesightCase] {
    var wide = InterestEvolution.Settings()
    wide.slates.candidates = 50
    let satisfaction = [0.1, 0.2, 0.3].map { sensitivity in
      var settings = LongTermSatisfaction.Settings()
      settings.sensitivity = sensitivity
      return ForesightCase(
        "long-term satisfaction, sensitivity \(sensitivity)",
        "satisfaction-\(Int(sensitivity * 10))", .satisfaction(settings), steps: 1_500_000,
        part: part
      ) {
        // Rewards are lognormal, and what follows from a choice is not seen in them at once.
        $0.lambda = 0.95
        $0.rollouts = 16
        $0.epochs = 4
      }
    }
    return [
      ForesightCase(
        "interest evolution", "evolution", .evolution(.init()), steps: 1_000_000, part: part),
      ForesightCase(
        "interest evolution, 50 candidates", "evolution-50", .evolution(wide), steps: 1_000_000,
        part: part),
    ] + satisfaction + [
      ForesightCase(
        "interest exploration", "exploration", .exploration(.init()), steps: 500_000, part: part)
    ]
  }
}

/// One training.
struct ForesightTraining: @unchecked Sendable {
  var name: String
  var agent: ForesightAgent
  var trainer: SlateQRunTrainer
  /// What the policies of its steps earned from validation users.
  var curve: [WorldValidation]
  /// CPU seconds; nil where it went on from an earlier process.
  var seconds: Double?
}

/// What trainings in a world came to.
struct ForesightResult {
  private let stage: ForesightCase
  private let agents: [(agent: ForesightAgent, trainings: [ForesightTraining])]
  private let report: WorldReport

  init(
    _ stage: ForesightCase, _ agents: [ForesightAgent], _ trainings: [ForesightTraining],
    episodes: Int
  ) throws {
    self.stage = stage
    self.agents = agents.map { agent in (agent, trainings.filter { $0.agent == agent }) }
    var report = try stage.settings.world.report(episodes: episodes, seeds: [0, 1, 2])
    try report.add("untrained", self.agents.last!.trainings.map(\.trainer), untrained: true)
    for (agent, trainings) in self.agents {
      try report.add(agent.name, trainings.map(\.trainer))
    }
    self.report = report
  }

  private func row(_ name: String) -> WorldReport.Row {
    report.rows.first { $0.policy == name }!
  }

  /// The highest of what the world is known by.
  private var best: WorldReport.Row {
    report.rows.filter { $0.trainingSeeds == nil }.max { $0.episode.mean < $1.episode.mean }!
  }

  var summary: [String] {
    let others = agents.dropLast().map { row($0.agent.name) }
    let last = row(agents.last!.agent.name).episode
    return [stage.name]
      + ([row("random"), row("myopic"), best, row("untrained")] + others).map {
        decimal($0.episode.mean, 1) + ($0.readsHidden ? " \\*" : "")
      } + [
        "**\(decimal(last.mean, 1))**", "\(decimal(last.low, 1)) to \(decimal(last.high, 1))",
      ]
  }

  func section(picture: String) -> String {
    let costs = agents.map { agent, trainings in
      let a = agent.settings(stage.settings).agent
      let seconds = trainings.compactMap(\.seconds)
      return "\(agent.name): λ \(decimal(Double(a.lambda), 2)), \(a.rollouts) "
        + (a.rollouts == 1 ? "rollout" : "rollouts") + " kept, \(a.epochs) "
        + (a.epochs == 1 ? "pass" : "passes") + " over new steps"
        + (seconds.isEmpty
          ? "" : ", \(decimal(seconds.reduce(0, +) / Double(seconds.count), 0)) CPU s a training")
    }
    return """
      ## \(stage.name)

      \(grouped(stage.settings.agent.steps)) steps. \(costs.joined(separator: "; ")). A star marks \
      what reads the hidden state of users.

      \(markdown(
        [["policy", "return", "95 %", "sd of seeds", "steps"]]
          + report.rows.map { row in
          [
            row.policy + (row.readsHidden ? " \\*" : ""), decimal(row.episode.mean, 1),
            "\(decimal(row.episode.low, 1)) to \(decimal(row.episode.high, 1))",
            row.episode.deviation.map { decimal($0, 1) } ?? "–", decimal(row.steps, 1),
          ]
        }))

      ![\(stage.name): returns against steps](\(picture))
      """
  }

  /// Returns from validation users against steps, the range of the seeds about their mean.
  var chart: LineChart {
    func line(_ name: String, _ trainings: [ForesightTraining], hue: Int) -> LineChart.Line {
      let count = trainings.map(\.curve.count).min() ?? 0
      let points = (0..<count).map { place in trainings.map { $0.curve[place] } }
      return LineChart.Line(
        name,
        points.map { found in
          (
            Double(found[0].step),
            found.reduce(0) { $0 + $1.meanReturn } / Double(found.count)
          )
        },
        band: points.map { found in
          let returns = found.map(\.meanReturn)
          return (returns.min()!, returns.max()!)
        }, hue: hue)
    }
    func level(_ row: WorldReport.Row, hue: Int) -> LineChart.Line {
      LineChart.Line(
        row.policy,
        [
          (0, row.episode.mean), (Double(stage.settings.agent.steps), row.episode.mean),
        ], isDashed: true, hue: hue)
    }
    return LineChart(
      stage.name, x: "steps of all users", y: "return",
      lines: agents.reversed().enumerated().map { hue, found in
        line(found.agent.name, found.trainings, hue: hue == 0 ? 0 : hue == 1 ? 1 : hue + 2)
      } + [
        level(best, hue: 2), level(row("myopic"), hue: 3), level(row("random"), hue: 8),
      ])
  }
}

/// CPU time of the calling thread.
enum ThreadClock {
  static var seconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
