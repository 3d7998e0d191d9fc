import DRRCore
import Essentials
import Tensor

/// An experiment as a run: a step is a round, and the metrics have a line for each policy and seed.
public final class BanditTraining<Problem: BanditProblem>: Trainer {
  public private(set) var experiment: BanditExperiment<Problem>
  /// Rounds between two looks at the clock.
  private let chunk = 500

  public init(_ configuration: BanditConfiguration<Problem>) throws {
    experiment = try BanditExperiment(configuration)
  }

  public var step: Int { experiment.roundsDone }
  public var steps: Int { experiment.totalRounds }

  public func advance() throws -> BanditOutcome? {
    let before = experiment.outcomes.count
    try experiment.advance(rounds: chunk)
    return experiment.outcomes.count > before ? experiment.outcomes.last : nil
  }

  public func summary(of report: BanditOutcome) -> String {
    ", \(report.policy), seed \(report.seed)"
  }

  public func isFinite() throws -> Bool {
    experiment.outcomes.allSatisfy { $0.reward.isFinite && $0.regret.allSatisfy(\.isFinite) }
  }

  public func save(to file: inout SafetensorsWriter) throws {
    try file.add("experiment", Array(RunFolder.json(experiment.state()).utf8))
  }

  public func restore(from file: SafetensorsFile) throws {
    let bytes = try file.values("experiment", .anything as Expected<UInt8>)
    var restored = experiment
    var isRestored = false
    do {
      isRestored = try restored.restore(
        JSONDecoder().decode(BanditExperiment<Problem>.State.self, from: Data(bytes)))
    } catch is DecodingError {
    }
    try file.require(
      isRestored, "experiment", "is no state of these policies",
      "what this program wrote of them")
    experiment = restored
  }
}
