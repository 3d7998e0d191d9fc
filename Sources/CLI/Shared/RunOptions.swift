import ArgumentParser
import DRR
import Tensor

/// Which run, and what it may be started with.
struct RunOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The folder of the run: configuration, metrics, checkpoints, results.", valueName: "folder"),
    completion: .directory)
  var run = "runs/default"

  func validate() throws {
    if run.isEmpty { throw ValidationError("--run is empty; name a folder.") }
  }

  var folder: RunFolder { RunFolder(run) }

  /// Throws where the folder holds a group of runs.
  func requireOne() throws {
    guard let group = try folder.readGroup() else { return }
    throw RunError("\(run) holds several runs; name one, as --run \(run)/\(group.members[0].name)")
  }

  /// The run on ratings as it was started.
  ///
  /// - Parameter data: what the user named, for the command that would start it.
  func begun(data: String? = nil) throws -> RunConfiguration {
    try requireOne()
    try requireRatings(folder)
    guard let configuration = try folder.read(RunConfiguration.self) else {
      throw folder.absence("train drr" + (data.map { " --data \($0)" } ?? ""))
    }
    return configuration
  }
}

extension RunFolder {
  /// Begins a run and makes what it needs: a new run first, so that its folder tells of it whatever
  /// comes; one that stands there last, so that nothing of it is lost if the other fails.
  func begun<Need>(_ begin: () throws -> Void, with make: () throws -> Need) throws -> Need {
    if exists(configuration) {
      let need = try make()
      try begin()
      return need
    }
    try begin()
    do {
      return try make()
    } catch {
      if !Interrupt.isRequested { delete() }
      throw error
    }
  }
}

/// A trained run, and others that are compared with it.
struct RunsBeside: ParsableArguments {
  @Option(
    name: .customLong("run"),
    help: ArgumentHelp(
      "The folder of a trained run; may repeat. Further runs, of the same data and split, are "
        + "compared with the first. (default: runs/default)", valueName: "folder"),
    completion: .directory)
  var runs: [String] = []

  func validate() throws {
    if runs.contains("") { throw ValidationError("--run is empty; name a folder.") }
    if Set(runs).count < runs.count {
      let twice = runs.first { run in runs.count { $0 == run } > 1 }!
      throw ValidationError("--run \(twice) is named twice; leave one of them out.")
    }
  }

  /// The first run.
  func first() throws -> RunOptions {
    try RunOptions.parse(runs.first.map { ["--run", $0] } ?? [])
  }

  /// Refuses further runs that cannot stand beside the first, before a device is looked for.
  ///
  /// - Parameter member: in a group, the part of the folder that tells a run.
  func requireComparable(
    with experiment: Experiment, member: String = "", data: String?
  ) throws {
    for run in runs.dropFirst() {
      let (mine, its) = try (
        experiment.configuration, RunOptions.parse(["--run", run + member]).begun(data: data)
      )
      guard mine.data.checksum == its.data.checksum, mine.evaluation == its.evaluation,
        mine.scale == its.scale, mine.agent?.training.window == its.agent?.training.window
      else {
        throw RunError(
          "--run \(run) has other data, another split or another window than "
            + "\(experiment.folder.path); name runs that share them, or leave it out")
      }
    }
  }

  /// The agents of the further runs, each by its name or, where that is another's, by its folder.
  ///
  /// - Parameter member: in a group, the part of the folder that tells a run.
  func others(
    beside experiment: Experiment, member: String = "", data: String?, on backend: any Backend
  ) throws -> [(name: String, agent: any SessionAgent)] {
    try requireComparable(with: experiment, member: member, data: data)
    var named = [experiment.agentName]
    return try runs.dropFirst().map { run in
      let folder = try RunOptions.parse(["--run", run + member])
      let (found, model) = try reopen(folder, data: data)
      try found.noteUnfinished()
      let name = named.contains(found.agentName) ? run : found.agentName
      named.append(name)
      return (name, try found.readAgent(model, on: backend))
    }
  }
}

/// The folder of a run, or those of its group's runs.
func runFolders(_ options: RunOptions) throws -> [RunFolder] {
  try options.folder.readGroup()?.members.map { $0.folder(in: options.folder) }
    ?? [options.folder]
}

/// Refuses a run that has no agent to recommend with, and says which command takes it.
func requireRatings(_ folder: RunFolder) throws {
  guard let found = try Algorithms.settings(of: folder), !(found is RunConfiguration) else {
    return
  }
  throw RunError(try Algorithms.direction(to: folder) ?? folder.path)
}

extension Experiment {
  /// Tells of an agent whose training is not finished.
  func noteUnfinished() throws {
    guard let steps = try trainedSteps(), let wanted = configuration.totalSteps, steps < wanted,
      let training = configuration.agent?.training,
      try !PolicyHistory.isOver(policyHistory()?.points ?? [], training)
    else { return }
    Console.note(
      "the agent is not fully trained: \(grouped(steps)) of \(grouped(wanted)) steps; to go on: "
        + "drr \(configuration.command) --run \(folder.path)")
  }
}

/// Takes up a run that was trained, with its data from where they are now.
func reopen(
  _ run: RunOptions, data: String?
) throws -> (experiment: Experiment, model: PMFModel) {
  let begun = try run.begun(data: data)
  return try reopen(
    run, loadRatings(data ?? begun.data.source, begun.data.ratingRange), data: data)
}

/// Takes up a run that was trained on these ratings.
func reopen(
  _ run: RunOptions, _ log: RatingsLog, data: String?
) throws -> (experiment: Experiment, model: PMFModel) {
  var configuration = try run.begun(data: data)
  if let data { configuration.data.source = data }
  let experiment = try Experiment(configuration, log: log, folder: run.folder)
  guard let model = try experiment.readModel() else {
    throw RunError("\(run.run): its PMF is not trained yet; use `drr train drr --run \(run.run)`")
  }
  return (experiment, model)
}
