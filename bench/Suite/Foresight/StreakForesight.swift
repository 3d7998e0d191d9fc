import DRR
import Terminal

/// A simulator of ratings in which runs of liked items of changing clusters raise later rewards,
/// and the planner, which is told neither that they do nor what the clusters are. A training is of
/// one split of the users and one seed, with a PMF of its own.
struct StreakForesight: ForesightWorld {
  let name = "ratings with a streak effect"
  let folder = "streaks"
  private static let strength: Float = 1
  private static let splits = 3
  private static let simulators = [WorldKind.pmf, .items]
  private let log: RatingsLog
  private let first: RunConfiguration
  private let sizes: ForesightSizes

  /// - Throws: `DataError` where the ratings cannot be read.
  init(_ data: String, _ sizes: ForesightSizes) throws {
    self.sizes = sizes
    log = try RatingsSource.load(data)
    first = RunConfiguration(source: data, log: log)
  }

  /// A training, and what the policies of its split earned in each simulator.
  struct Training: Sendable {
    var split: Int
    /// Counted in each split.
    var seed: Int
    var reports: [OnlineReport]
    /// CPU seconds of the planner's training; nil where it went on from an earlier process.
    var seconds: Double?
  }

  /// A seed in every split, and then the next.
  var trainings: Int { sizes.seeds * Self.splits }

  /// Six times as long as by default, as the longest of the planner's results.
  private var planner: PlannerConfiguration {
    var planner = PlannerConfiguration()
    planner.training.consecutive = Self.strength
    planner.training.steps = sizes.steps(6 * planner.training.steps)
    planner.training.environments = sizes.environments
    return planner
  }

  /// A run in a split of the users. No two trainings have a seed in common; the first of a split
  /// has its number.
  private func run(_ agent: some AgentConfiguration, _ number: Int) throws -> Experiment {
    var settings = first
    settings.choose(agent)
    let (seed, split) = number.quotientAndRemainder(dividingBy: Self.splits)
    let place = "split-\(split)" + (seed == 0 ? "" : "/seed-\(seed)")
    let run = try Experiment(
      settings.member(seed: UInt64(number), split: UInt64(split)), log: log,
      folder: sizes.folder(folder, place, type(of: agent).algorithm))
    try run.begin()
    return run
  }

  func train(_ number: Int, _ observer: Observer) throws -> Training {
    let backend = try DeviceCatalog.backend(for: .cpu)
    let run = try run(planner, number)
    let model = try run.readModel() ?? run.trainPMF(on: backend, observer.part(0...5))
    let seconds = try run.folder.seconds {
      _ = try run.trainAgent(model, on: backend, observer.part(5...80))
    }
    let contestants = [
      Experiment.Contestant(run.agentName, try run.readAgent(model, on: backend)),
      Experiment.Contestant(
        "\(run.agentName) untrained", try run.makeAgent(model, on: backend)),
    ]
    let myopic = try run.readMyopic(model, on: backend).map {
      Experiment.Contestant(run.myopicName, $0.agent)
    }
    // Its rules are those of the residual agent as it begins, which no training is needed for.
    let host = try self.run(ResidualAgentConfiguration(), number)
    let reports = try Self.simulators.enumerated().map { place, simulator in
      var online = OnlineProtocol()
      online.world = simulator
      online.consecutive = Self.strength
      let start = 80 + 10 * place
      return try host.simulate(
        online, model, contestants, myopic: myopic, on: backend,
        observer.part(start...start + 10))
    }
    return Training(
      split: number % Self.splits, seed: number / Self.splits, reports: reports, seconds: seconds)
  }

  func outcome(_ trainings: [Training]) -> ForesightOutcome {
    let found = Self.simulators.indices.map { place in
      StreakResult(
        (0..<Self.splits).map { split in
          trainings.filter { $0.split == split }.map { $0.reports[place] }
        })
    }
    return ForesightOutcome(
      rows: zip(Self.simulators, found).map { simulator, found in
        found.row("\(name), \(simulator.title)")
      }, text: text(found, trainings),
      caption: "mean reward of \(found[0].length) items, with intervals over splits",
      picture: chart(found))
  }

  private func text(_ found: [StreakResult], _ trainings: [Training]) -> String {
    let policies = found[0].policies.map { policy -> [String] in
      [StreakResult.title(policy)] + found.map { decimal($0.estimate(policy).mean, 3) }
    }
    let compared = StreakResult.compared(in: trainings[0].reports[0])
    let differences = trainings.flatMap { training in
      zip(Self.simulators, training.reports).map { simulator, report -> [String] in
        ["\(training.split)", "\(training.seed)", simulator.title]
          + StreakResult.differences(in: report)
      }
    }
    return """
      Mean reward of \(found[0].length) items of \(first.data.name), over \(Self.splits) splits of \
      the users and \(sizes.seeds) training \(sizes.seeds == 1 ? "seed" : "seeds") in each, each \
      with a PMF of its own; liked items of changing clusters raise what comes after them, with \
      strength 1. An interval is over the splits, by the means of their seeds: those of a split \
      have their users in common. The planner was trained for \
      \(grouped(planner.training.steps)) steps in a PMF simulator of the training \
      users\(trainings.compactMap(\.seconds).cost). A star marks what is told the clusters or the \
      rewards.

      \(markdown([["policy"] + Self.simulators.map(\.title)] + policies))

      The planner's reward less that of another, user by user, with 95 % intervals over users:

      \(markdown([["split", "seed", "simulator"] + compared] + differences))
      """
  }

  private func chart(_ found: [StreakResult]) -> Picture {
    ForestChart(
      name,
      rows: zip(Self.simulators, found).flatMap { simulator, found in
        found.policies.enumerated().map { place, policy in
          var row = ForestChart.Row(
            StreakResult.title(policy, star: "*"), found.estimate(policy),
            isMarked: policy == StreakResult.agent)
          row.heading = place == 0 ? simulator.title : nil
          return row
        }
      }, width: 640
    ).picture
  }
}

/// What policies earned in one simulator, over splits of its users.
struct StreakResult {
  static let agent = "planner frozen"
  private static let (untrained, twin) = ("planner untrained frozen", "planner γ=0 frozen")
  private static let rule = "PMF greedy, changing own kinds"
  private static let informed: Set = [
    "PMF greedy, changing kinds", "residual agent untrained, changing kinds",
    "world's model greedy", "world greedy", "world greedy, changing kinds",
  ]
  /// [split][seed]
  let reports: [[OnlineReport]]

  init(_ reports: [[OnlineReport]]) { self.reports = reports }

  /// By the names that reports have.
  var policies: [String] { reports[0][0].policies.map(\.name) }
  /// Items of a session.
  var length: Int { reports[0][0].policies[0].last.k }

  /// The mean reward of a policy. Its interval is by the means of splits, which differ by their
  /// users and by the seeds alike.
  func estimate(_ policy: String) -> Estimate {
    let means = reports.map { split in
      split.reduce(0) { $0 + $1.policy(policy).last.reward.mean } / Double(split.count)
    }
    return Estimate(runs: means, within: -1...1)
  }

  func row(_ world: String) -> ForesightRow {
    func cell(_ policy: String) -> ForesightRow.Cell {
      .init(estimate(policy).mean, readsHidden: Self.informed.contains(policy))
    }
    let known = policies.filter { ![Self.agent, Self.untrained, Self.twin].contains($0) }
    return ForesightRow(
      world: world, digits: 3, random: cell("random"), rule: cell(Self.rule),
      myopic: cell("PMF greedy"), best: known.map(cell).max { $0.mean < $1.mean }!,
      untrained: cell(Self.untrained), others: [cell(Self.twin)], agent: estimate(Self.agent))
  }

  /// As tables call a policy. All of these have fixed weights.
  static func title(_ policy: String, star: String = "\\*") -> String {
    let label = Labels.online[policy]
    let ending = ", fixed weights"
    return (label.hasSuffix(ending) ? String(label.dropLast(ending.count)) : label)
      + (informed.contains(policy) ? " \(star)" : "")
  }

  /// What the planner is compared with.
  static func compared(in report: OnlineReport) -> [String] {
    ([twin] + (report.rules ?? [])).map { "less \(title($0))" }
  }

  /// The differences from those.
  static func differences(in report: OnlineReport) -> [String] {
    let row = report.policy(agent).last
    return ([row.overTwin!] + (row.overRules ?? [])).map {
      "\(decimal($0.mean, 4)) (\($0.range(4)))"
    }
  }
}

extension OnlineReport {
  /// The figures of a policy that is there.
  fileprivate func policy(_ name: String) -> OnlineResult { policies.first { $0.name == name }! }
}

extension OnlineResult {
  /// The figures of whole sessions.
  fileprivate var last: Row { rows.max { $0.k < $1.k }! }
}

extension WorldKind {
  fileprivate var title: String { self == .pmf ? "PMF simulator" : "items simulator" }
}

extension Observer {
  /// That of a part of the work, which is so many hundredths of it.
  fileprivate func part(_ share: ClosedRange<Int>) -> Observer {
    var part = self
    part.progress = { done, total, note in
      let width = share.upperBound - share.lowerBound
      progress(share.lowerBound * total + width * done, 100 * total, note)
    }
    return part
  }
}
