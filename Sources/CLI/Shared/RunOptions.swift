import ArgumentParser
import DRR

/// Which run, and what it may be begun with.
struct RunOptions: ParsableArguments {
  @Option(help: "The folder of the run: configuration, metrics, checkpoints, results.")
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

  /// The run as it was begun.
  func begun() throws -> RunConfiguration {
    try requireOne()
    guard let configuration = try folder.readConfiguration() else {
      throw RunError("\(run): no run was begun there; use `drr train drr --run \(run)`")
    }
    return configuration
  }
}

extension Experiment {
  func noteUnfinished() throws {
    guard let steps = try trainedSteps(), let wanted = configuration.drr?.steps, steps < wanted
    else { return }
    Console.note(
      "the agent is not fully trained: \(grouped(steps)) of \(grouped(wanted)) steps; to go on: "
        + "drr train drr --run \(folder.path)")
  }
}

/// Takes up a run that was trained, with its data from where they are now.
func reopen(
  _ run: RunOptions, data: String?
) throws -> (experiment: Experiment, model: PMFModel) {
  let begun = try run.begun()
  return try reopen(run, loadRatings(data ?? begun.data.source), data: data)
}

/// Takes up a run that was trained on these ratings.
func reopen(
  _ run: RunOptions, _ log: RatingsLog, data: String?
) throws -> (experiment: Experiment, model: PMFModel) {
  var configuration = try run.begun()
  if let data { configuration.data.source = data }
  let experiment = try Experiment(configuration, log: log, folder: run.folder)
  guard let model = try experiment.readModel() else {
    throw RunError("\(run.run): its PMF is not trained yet; use `drr train drr --run \(run.run)`")
  }
  return (experiment, model)
}
