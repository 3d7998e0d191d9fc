import ArgumentParser
import DRR
import Kernels
import Tensor

/// The leak ladder: it trains what it needs, and no run has to be there.
struct LeakLadderOptions: ParsableArguments {
  @Flag(
    help: ArgumentHelp(
      "Begin with the protocol of the published figures and take one leak after another away; "
        + "trains an agent for each set of ratings that may be learned from."))
  var leakLadder = false
  @Option(help: "Of the ladder: steps of every training (default: 20000).")
  var steps: Int?

  func validate() throws {
    if !leakLadder && steps != nil {
      throw ValidationError("--steps is of the ladder; add --leak-ladder.")
    }
  }

  func climb(
    _ run: RunOptions, data: String?, seed: UInt64?, seeds: Int, _ device: DeviceOptions,
    _ output: OutputOptions
  ) throws {
    guard (1...1_000).contains(seeds) else {
      throw ValidationError("--seeds is \(seeds); it must be 1 ... 1000.")
    }
    let source =
      try data ?? run.folder.readConfiguration()?.data.source ?? "generated:small"
    let log = try loadRatings(source)
    var configuration = RunConfiguration(source: source, log: log)
    Preset.paper.configure(&configuration)
    var drr = configuration.drr!
    drr.validations = 0
    if let steps { drr.steps = steps }
    configuration.drr = drr
    configuration.seed = seed ?? 0
    configuration.evaluation.splitSeed = configuration.seed
    let ladder = try LeakLadder(configuration, log: log, folder: run.folder)
    let backend = try device.backend {
      try DeviceTrial.secondsPerUpdate(drr, dimension: configuration.pmf.dimension, on: $0)
    }
    if drr.steps <= drr.learningStarts {
      Console.note(
        "the agent learns nothing in \(grouped(drr.steps)) steps: its first update is after "
          + grouped(drr.learningStarts))
    }
    try ladder.begin()
    Interrupt.install()
    let progress = Progress()
    defer { progress.finish() }
    var observer = Experiment.Observer()
    observer.progress = { progress.update($0, of: $1, $2) }
    observer.note = { Console.note("warning: \($0)") }
    observer.shouldStop = { Interrupt.isRequested }
    do {
      let report = try ladder.climb(seeds: seeds, on: backend, observer)
      progress.finish()
      try Console.result(output.json ? RunFolder.json(report, pretty: true) : report.text)
    } catch let interrupted as Experiment.Interrupted {
      progress.finish()
      Console.note("interrupted; what was trained is saved; to go on, give the command again")
      throw interrupted
    }
  }
}

extension LeakLadderReport {
  var text: String {
    let rungs = LeakLadder.Rung.allCases
    guard let first = measurements.first else { return "" }
    let k = first.configuration.evaluation.cutoffs.min()!
    let names = first.rankers.map(\.name)
    let body = rungs.map { rung in
      [rung.rawValue]
        + names.map { name in
          measurements(of: rung).count > 1
            ? spread(precisions(of: name, on: rung, at: k))
            : interval(of: name, on: rung, at: k)
        }
    }
    let sessions = rungs.compactMap { rung in
      measurements(of: rung).first.map {
        "\(rung.rawValue): "
          + $0.admission.summary(
            of: .test, $0.configuration.evaluation, window: $0.configuration.drr!.window)
      }
    }
    let (data, drr) = (first.configuration.data, first.configuration.drr!)
    let firstSeed = first.configuration.seed
    let seedText =
      seeds == 1
      ? "\(firstSeed); intervals: 95%, users resampled"
      : "\(firstSeed) to \(firstSeed + UInt64(seeds - 1)), of split and training; ± the standard "
        + "deviation over them"
    let ends = [rungs.first!, rungs.last!].compactMap { rung in
      measurements(of: rung).first.map { "\(rung.rawValue): \($0.protocolSummary)" }
    }
    return """
      data   \(data.name), \(grouped(data.ratings)) ratings, CRC-32 \(data.checksum)
      seeds  \(seedText)
      agent  DRR-ave, \(grouped(drr.steps)) steps, trained anew where what may be learned from changes

      \(Table(rows: [["precision @\(k)"] + names] + body).text)

      sessions, with seed \(firstSeed)
      \(sessions.map { "  " + $0 }.joined(separator: "\n"))

      \(ends.joined(separator: "\n"))
      """
  }

  private func spread(_ values: [Double]) -> String {
    guard values.count > 1 else { return "–" }
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let deviation = (squares / Double(values.count - 1)).squareRoot()
    return "\(decimal(mean, 3)) ±\(decimal(deviation, 3))"
  }

  private func interval(of ranker: String, on rung: LeakLadder.Rung, at k: Int) -> String {
    let rows = measurements(of: rung).first?.rankers.first { $0.name == ranker }?.rows
    guard let found = rows?.first(where: { $0.k == k })?.precision else { return "–" }
    return "\(decimal(found.mean, 3)) \(decimal(found.low, 2))–\(decimal(found.high, 2))"
  }
}
