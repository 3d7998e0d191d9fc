import DRR
import Terminal

/// VirtualTaobao and DDPG, which has γ = 0 there: it is its own myopic twin.
struct TaobaoForesight: ForesightWorld {
  let name = "VirtualTaobao"
  let folder = "taobao"
  private static let rule = "mean of random actions with most clicks"
  private let weights: String
  private let networks: VirtualTaobaoNetworks
  private let sizes: ForesightSizes

  /// - Throws: `CheckpointError` where the file does not hold the world's networks.
  init(_ weights: String, _ sizes: ForesightSizes) throws {
    (self.weights, self.sizes) = (weights, sizes)
    networks = try VirtualTaobaoNetworks(contentsOf: weights)
  }

  /// One training.
  struct Training: Sendable {
    var folder: RunFolder
    var curve: [DDPGWorldReport]
    /// CPU seconds; nil where it went on from an earlier process.
    var seconds: Double?
  }

  var trainings: Int { sizes.seeds }

  /// From seed 2 on, as the settings were chosen with seeds 0 and 1.
  private func settings(_ number: Int) -> DDPGWorldConfiguration {
    var settings = DDPGWorldConfiguration(weights: weights, checksum: networks.checksum)
    settings.seed = UInt64(2 + number)
    settings.schedule.steps = sizes.steps(settings.schedule.steps)
    settings.schedule.learningStarts = sizes.steps(settings.schedule.learningStarts)
    return settings
  }

  func train(_ number: Int, _ observer: Observer) throws -> Training {
    let settings = settings(number)
    let run = try Run(settings, folder: sizes.folder(folder, "ddpg", "seed-\(settings.seed)"))
    try run.begin()
    let trainer = try DDPGWorldTrainer(
      settings, networks, on: DeviceCatalog.backend(for: .cpu))
    let seconds = try run.folder.seconds { try run.train(trainer, device: "cpu", observer) }
    return Training(
      folder: run.folder,
      curve: run.folder.metrics(DDPGWorldReport.self, kind: settings.algorithm),
      seconds: seconds)
  }

  func outcome(_ trainings: [Training]) throws -> ForesightOutcome {
    var report = try VirtualTaobao.report(
      networks, episodes: sizes.episodes, seeds: [0, 1, 2])
    try report.add(
      trainings.map(\.folder), in: networks, on: DeviceCatalog.backend(for: .cpu))
    let (untrained, agent) = (report.rows[report.rows.count - 2], report.rows.last!)
    let row = ForesightRow(
      world: "\(name), clicks a page", digits: 3, random: .init(report["random"], \.step),
      rule: .init(report[Self.rule], \.step), myopic: nil, best: .init(report.best, \.step),
      untrained: .init(untrained, \.step), others: [nil], agent: agent.step)
    return ForesightOutcome(
      rows: [row], text: text(report, trainings), caption: "clicks a page against pages",
      picture: chart(report, trainings).picture)
  }

  private func text(_ report: WorldReport, _ trainings: [Training]) -> String {
    let settings = settings(0)
    let most = Double(VirtualTaobao.pageClicks)
    let seconds = trainings.compactMap(\.seconds)
    return """
      \(grouped(settings.schedule.steps)) pages, \(grouped(settings.schedule.learningStarts)) of \
      them of random actions\(seconds.cost). What an action does is over with its page, so that \
      the best for each user and page is what a myopic policy would show, and DDPG has γ = 0 \
      here: it is its own twin, and the column γ = 0 of the first table has a dash. A star marks \
      what reads the world's networks.

      \(markdown(
        [["policy", "clicks a page", "95 %", "rate", "clicks a session", "pages"]]
          + report.rows.map { row in
          [
            row.policy + (row.readsHidden ? " \\*" : ""), decimal(row.step.mean, 3),
            row.step.range(3), decimal(row.step.mean / most, 3), decimal(row.episode.mean, 1),
            decimal(row.steps, 1),
          ]
        }))
      """
  }

  /// Clicks a page of validation users against pages.
  private func chart(_ report: WorldReport, _ trainings: [Training]) -> ForesightChart {
    func level(_ row: WorldReport.Row, hue: Int) -> (String, Double, Int) {
      (row.policy, row.step.mean, hue)
    }
    let seeds = trainings.map { training in
      training.curve.map {
        ForesightChart.Point(
          step: $0.step, value: Double(VirtualTaobao.pageClicks) * $0.validationRate)
      }
    }
    return ForesightChart(
      title: name, unit: "clicks a page", steps: settings(0).schedule.steps,
      curves: [("DDPG", seeds, 0)],
      levels: [
        level(report.best, hue: 2), level(report[Self.rule], hue: 3),
        level(report["random"], hue: 8),
      ])
  }
}
