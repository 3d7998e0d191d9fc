import DRR
import Kernels
import Platform

/// A search at work: trials in folders of their own, round by round.
struct Search {
  /// What decides every trial: kept beside them, so that a search goes on as it was started.
  struct Plan: Codable, Equatable {
    var space: String
    var trials: Int
    var seeds: Int
    var rounds: Int
    var seed: UInt64
    /// The most steps of a training, where rounds differ in them.
    var steps: Int?

    /// 3ⁿ: by how much a round has fewer steps, and the next fewer trials.
    static func cut(_ rounds: Int) -> Int { (0..<rounds).reduce(1) { cut, _ in 3 * cut } }

    func steps(in round: Int) -> Int? { steps.map { $0 / Self.cut(rounds - 1 - round) } }
    func trials(in round: Int) -> Int { max(trials / Self.cut(round), 1) }
  }

  let space: SearchSpace
  let folder: RunFolder
  let plan: Plan

  private var kept: String { folder.path + "/search.json" }
  /// The options of the best trial, for --config.
  var best: String { folder.path + "/best.yaml" }
  var picture: String { folder.path + "/search.svg" }

  /// Trains what is missing, and writes what was found.
  ///
  /// - Parameter resume: the command that goes on from an interruption.
  func run(resume: String) throws -> SearchReport {
    try begin()
    var numbers = Array(0..<plan.trials)
    var trials: [SearchReport.Trial] = []
    var measure = ""
    for round in 0..<plan.rounds {
      let failures = try train(numbers, round, resume)
      let found = numbers.map { trial($0, round, failures) }
      measure = found.lazy.compactMap(\.measure).first ?? measure
      trials = found.map(\.trial).sorted {
        ($1.mean ?? -.infinity, $0.number) < ($0.mean ?? -.infinity, $1.number)
      }
      numbers = trials.filter { $0.mean != nil }.prefix(plan.trials(in: round + 1)).map(\.number)
    }
    let report = SearchReport(
      algorithm: space.algorithm, measure: measure, seed: plan.seed, seeds: plan.seeds,
      options: space.searched.map(\.entry.name), trials: trials)
    try folder.write(report, to: folder.path + "/results.json")
    if let best = report.best {
      let remark =
        "trial \(best.number) of \(plan.trials), \(measure) \(decimal(best.mean!, 4)) in "
        + "validation"
      try AtomicFile.write(
        space.options(of: space.trial(best.number, seed: plan.seed), remark), to: self.best)
      try AtomicFile.write(report.chart.picture.file, to: picture)
    }
    return report
  }

  private func begin() throws {
    if folder.exists(folder.configuration) || folder.exists(folder.group) {
      throw RunError("\(folder.path) holds a run of its own; name another --run for a search")
    }
    try folder.create()
    try folder.lock()
    folder.removeTemporaries()
    if folder.exists(kept) {
      guard let begun = folder.read(Plan.self, from: kept) else {
        throw RunError("\(kept): not the plan of a search; name another --run")
      }
      var same = plan
      if plan.rounds == 1 { same.trials = begun.trials }
      guard begun == same else {
        let change = settingsThatDiffer(begun, same).first
        throw RunError(
          "\(folder.path): the search was started with "
            + (change.map { "\($0.name) \($0.begun), not \($0.wanted)" } ?? "another plan")
            + "; name another --run")
      }
    }
    try folder.write(plan, to: kept)
  }

  private func folder(of trial: Int, _ round: Int) -> RunFolder {
    RunFolder(
      "\(folder.path)/" + (plan.rounds > 1 ? "round-\(round)/" : "")
        + "trial-\(String(trial, digits: 3))")
  }

  private func members(of trial: Int, _ round: Int) -> [RunFolder] {
    let folder = folder(of: trial, round)
    guard plan.seeds > 1 else { return [folder] }
    return RunGroup(seeds: plan.seeds).members.map { $0.folder(in: folder) }
  }

  /// - Returns: why trainings of a trial failed, by its number.
  private func train(_ numbers: [Int], _ round: Int, _ resume: String) throws -> [Int: String] {
    var jobs: [TrainingPool.Job] = []
    var owners: [String: Int] = [:]
    for number in numbers {
      let settings = try space.words(of: space.trial(number, seed: plan.seed))
      let steps = plan.steps(in: round).map { ["--steps=\($0)"] } ?? []
      let own = settings.filter { steps.isEmpty || !$0.hasPrefix("--steps=") } + steps
      let members = members(of: number, round)
      if members.count > 1 {
        let folder = folder(of: number, round)
        try folder.create()
        try folder.write(RunGroup(seeds: plan.seeds), to: folder.group)
      }
      for (member, run) in members.enumerated() where !run.exists(run.report) {
        owners[run.path] = number
        jobs.append(
          TrainingPool.Job(
            name: run.path,
            words: ["train", space.algorithm] + own + [
              "--run", run.path, "--seed", "\(plan.seed &+ UInt64(member))", "--report-progress",
            ]))
      }
    }
    var pool = TrainingPool()
    pool.stopsAtFailure = false
    let progress = Progress()
    defer { progress.finish() }
    let (all, each) = (jobs.count, 1_000)
    let title = plan.rounds > 1 ? ", round \(round + 1) of \(plan.rounds)" : ""
    let outcome = try pool.run(jobs) { finished, reports in
      let part = reports.filter { !$0.note.hasPrefix("PMF") }
        .reduce(0) { $0 + each * $1.done / max($1.total, 1) }
      progress.update(
        finished * each + part, of: all * each, "thousandths of \(all) trainings\(title)")
    }
    progress.finish()
    if Interrupt.isRequested && outcome.finished + outcome.failures.count < all {
      Interrupt.note("every trial is saved", resume: resume)
      throw Interrupted(step: outcome.finished)
    }
    return outcome.failures.reduce(into: [:]) { reasons, failure in
      if let number = owners[failure.name], reasons[number] == nil {
        reasons[number] = failure.reason
      }
    }
  }

  private func trial(
    _ number: Int, _ round: Int, _ failures: [Int: String]
  ) -> (trial: SearchReport.Trial, measure: String?) {
    let found = members(of: number, round).map { RunSummary.validated($0) }
    let isWhole = failures[number] == nil && found.allSatisfy { $0?.value.isFinite == true }
    let settings = space.trial(number, seed: plan.seed).map {
      ($0.name, $0.value.scalar?.string ?? "")
    }
    let trial = SearchReport.Trial(
      number: number, run: folder(of: number, round).path,
      settings: Dictionary(settings) { first, _ in first }, steps: plan.steps(in: round),
      scores: isWhole ? found.compactMap { $0?.value } : [],
      failure: isWhole ? nil : failures[number] ?? "nothing was validated")
    return (trial, found.lazy.compactMap { $0?.measure }.first)
  }
}
