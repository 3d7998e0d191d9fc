import DRR
import Terminal

/// One of RecSim's worlds, and the agents that are trained in it.
struct SlateForesight: ForesightWorld {
  let name: String
  let folder: String
  /// The rule that is known without learning; nil: there is none.
  private let rule: String?
  /// SlateQ's there.
  private let settings: SlateQRunConfiguration
  /// In the order of the table.
  private let agents: [ForesightAgent]
  private let sizes: ForesightSizes

  private init(
    _ name: String, _ folder: String, _ world: SlateWorld, rule: String? = nil, steps: Int,
    _ agents: [ForesightAgent], _ sizes: ForesightSizes,
    _ change: (inout SlateQConfiguration) -> Void = { _ in }
  ) {
    (self.name, self.folder, self.rule) = (name, folder, rule)
    (self.agents, self.sizes) = (agents, sizes)
    var settings = SlateQRunConfiguration()
    settings.world = world
    settings.agent.steps = sizes.steps(steps)
    change(&settings.agent)
    self.settings = settings
  }

  /// All of them, each with its own settings.
  static func all(_ agents: [ForesightAgent], _ sizes: ForesightSizes) -> [SlateForesight] {
    var wide = InterestEvolution.Settings()
    wide.slates.candidates = 50
    let evolution = "4 + 2 × quality of topic, as seen"
    let satisfaction = [0.1, 0.2, 0.3].map { sensitivity in
      var settings = LongTermSatisfaction.Settings()
      settings.sensitivity = sensitivity
      return SlateForesight(
        "long-term satisfaction, sensitivity \(sensitivity)",
        "satisfaction-\(Int(sensitivity * 10))", .satisfaction(settings),
        rule: "least temptation", steps: 1_500_000, agents, sizes
      ) {
        // Rewards are lognormal, and what follows from a choice is not seen in them at once.
        $0.lambda = 0.95
        $0.rollouts = 16
        $0.epochs = 4
      }
    }
    return [
      SlateForesight(
        "interest evolution", "evolution", .evolution(.init()), rule: evolution,
        steps: 1_000_000, agents, sizes),
      SlateForesight(
        "interest evolution, 50 candidates", "evolution-50", .evolution(wide), rule: evolution,
        steps: 1_000_000, agents, sizes),
    ] + satisfaction + [
      SlateForesight(
        "interest exploration", "exploration", .exploration(.init()), steps: 500_000, agents,
        sizes)
    ]
  }

  /// One training.
  struct Training: @unchecked Sendable {
    var agent: ForesightAgent
    /// With the policy that it kept; no thread trains it any more.
    var trainer: SlateQRunTrainer
    /// What the policies of its steps earned from validation users.
    var curve: [WorldValidation]
    /// CPU seconds; nil where it went on from an earlier process.
    var seconds: Double?
  }

  private typealias Trained = (agent: ForesightAgent, trainings: [Training])

  var trainings: Int { sizes.seeds * agents.count }

  func train(_ number: Int, _ observer: Observer) throws -> Training {
    let agent = agents[number % agents.count]
    var settings = agent.settings(settings)
    settings.seed = UInt64(number / agents.count)
    settings.agent.environments = sizes.environments
    settings.agent.validationEpisodes = sizes.environments
    let run = try Run(
      settings, folder: sizes.folder(folder, agent.rawValue, "seed-\(settings.seed)"))
    try run.begin()
    let trainer = try SlateQRunTrainer(settings, on: DeviceCatalog.backend(for: .cpu))
    let seconds = try run.folder.seconds { try run.train(trainer, device: "cpu", observer) }
    return Training(
      agent: agent, trainer: trainer,
      curve: run.folder.metrics(WorldValidation.self, kind: "validation"), seconds: seconds)
  }

  func outcome(_ trainings: [Training]) throws -> ForesightOutcome {
    let trained: [Trained] = agents.map { agent in
      (agent, trainings.filter { $0.agent == agent })
    }
    var report = try settings.world.report(episodes: sizes.episodes, seeds: [0, 1, 2])
    try report.add("untrained", trained.last!.trainings.map(\.trainer), untrained: true)
    for (agent, trainings) in trained {
      try report.add(agent.name, trainings.map(\.trainer))
    }
    return ForesightOutcome(
      rows: [row(report)], text: text(report, trained), caption: "returns against steps",
      picture: chart(report, trained).picture)
  }

  private func row(_ report: WorldReport) -> ForesightRow {
    func cell(_ name: String) -> ForesightRow.Cell {
      ForesightRow.Cell(report[name], \.episode)
    }
    return ForesightRow(
      world: name, digits: 1, random: cell("random"), rule: rule.map(cell),
      myopic: cell("myopic"), best: .init(report.best, \.episode), untrained: cell("untrained"),
      others: agents.dropLast().map { cell($0.name) }, agent: report[agents.last!.name].episode)
  }

  private func text(_ report: WorldReport, _ trained: [Trained]) -> String {
    let costs = trained.map { agent, trainings in
      let a = agent.settings(settings).agent
      return "\(agent.name): λ \(decimal(Double(a.lambda), 2)), \(a.rollouts) "
        + (a.rollouts == 1 ? "rollout" : "rollouts") + " kept, \(a.epochs) "
        + (a.epochs == 1 ? "pass" : "passes") + " over new steps"
        + trainings.compactMap(\.seconds).cost
    }
    return """
      \(grouped(settings.agent.steps)) steps. \(costs.joined(separator: "; ")). A star marks \
      what reads the hidden state of users.

      \(markdown(
        [["policy", "return", "95 %", "sd of seeds", "steps"]]
          + report.rows.map { row in
          [
            row.policy + (row.readsHidden ? " \\*" : ""), decimal(row.episode.mean, 1),
            row.episode.range(1), row.episode.deviation.map { decimal($0, 1) } ?? "–",
            decimal(row.steps, 1),
          ]
        }))
      """
  }

  /// Returns from validation users against steps.
  private func chart(_ report: WorldReport, _ trained: [Trained]) -> ForesightChart {
    func level(_ row: WorldReport.Row, hue: Int) -> (String, Double, Int) {
      (row.policy, row.episode.mean, hue)
    }
    return ForesightChart(
      title: name, unit: "return", steps: settings.agent.steps,
      curves: trained.reversed().enumerated().map { place, found in
        let seeds = found.trainings.map { training in
          training.curve.map { ForesightChart.Point(step: $0.step, value: $0.meanReturn) }
        }
        return (found.agent.name, seeds, place < 2 ? place : place + 2)
      },
      levels: [
        level(report.best, hue: 2), level(report["myopic"], hue: 3),
        level(report["random"], hue: 8),
      ])
  }
}

extension WorldReport {
  /// The row of a policy that is there.
  subscript(policy: String) -> Row { rows.first { $0.policy == policy }! }

  /// The highest of what the world is known by.
  var best: Row {
    rows.filter { $0.trainingSeeds == nil }.max { $0.episode.mean < $1.episode.mean }!
  }
}

extension [Double] {
  /// What trainings took that began here, behind what they were; "" of none.
  var cost: String {
    isEmpty ? "" : ", \(decimal(reduce(0, +) / Double(count), 0)) CPU s a training"
  }
}
