import Agents
import DRRCore
import DRRData
import Factorization
import Serving
import Tensor

extension Experiment {
  /// The run that a folder holds, on the ratings that it was started on, which are read again.
  ///
  /// - Throws: `RunError` if the folder holds no run on ratings, or its ratings have changed;
  ///   `DataError` if they cannot be read.
  public init(reading folder: RunFolder) throws {
    let configuration = try Run<RunConfiguration>(reading: folder).settings
    try self.init(
      configuration,
      log: RatingsSource.load(
        configuration.data.source, range: configuration.data.ratingRange), folder: folder)
  }

  /// Trains the whole run: the factorization, then the agent on top of it. Begins the folder, or
  /// goes on where an interrupted run stopped; what is finished is only read. A folder stays this
  /// process's until it ends, so call it once a folder.
  ///
  /// - Parameters:
  ///   - backend: the device; a run goes on to the same bits on the device that it was started on.
  ///   - observer: told of the progress, and asked whether to stop.
  /// - Returns: the factorization, and the agent of the checkpoint that the settings choose.
  /// - Throws: `RunError` if the folder holds another run, another process trains in it, or
  ///   training diverged; `Interrupted` if the observer asked to stop, after a checkpoint.
  @discardableResult
  public func train(
    on backend: any Backend, _ observer: Observer = Observer()
  ) throws -> (model: PMFModel, agent: any SessionAgent) {
    _ = try agent
    try begin()
    let model = try readModel() ?? trainPMF(on: backend, observer)
    _ = try trainAgent(model, on: backend, observer)
    return (model, try readAgent(model, on: backend))
  }

  /// What a finished run has learned.
  ///
  /// - Parameter backend: where the agent's weights are put.
  /// - Returns: the factorization, and the agent of the checkpoint that the settings choose.
  /// - Throws: `RunError` if the run is not trained yet, or a file belongs to another run;
  ///   `CheckpointError` if a file is damaged.
  public func trained(
    on backend: any Backend
  ) throws -> (model: PMFModel, agent: any SessionAgent) {
    guard let model = try readModel() else {
      throw RunError(
        "\(folder.path): its PMF is not trained yet; use `drr \(configuration.command) --run "
          + "\(folder.path)`")
    }
    return (model, try readAgent(model, on: backend))
  }

  /// What recommending needs of a trained run, and nothing else: a value, which `ServingPolicy`
  /// recommends by and which can be written to a folder.
  ///
  /// - Parameter backend: where what the folder lacks is computed.
  /// - Throws: `RunError` if the run is not trained yet; `CheckpointError` if a file is damaged.
  public func exportedModel(on backend: any Backend) throws -> ExportedModel {
    let log = source
    return try RunExport(on: backend, readRatings: { _, _ in log }) { _ in
      throw RunError("\(folder.path) is a run on ratings, and has no click sessions")
    }.model(of: folder)
  }
}
