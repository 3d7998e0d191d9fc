import DRRData
import Factorization
import Tensor

/// Beliefs on the tiny log that several suites use.
package enum BeliefWorlds {
  package static let configuration: BeliefModel.Configuration = {
    var configuration = BeliefModel.Configuration()
    configuration.factorizations = [2, 3].map { dimension in
      var factorization = BayesianFactorization.Configuration(dimension: dimension)
      factorization.sweeps = 3
      return factorization
    }
    configuration.folds = 3
    return configuration
  }()

  package static let evaluation: EvaluationProtocol = {
    var evaluation = EvaluationProtocol()
    evaluation.minimumCandidates = 10
    return evaluation
  }()

  package static func model(_ log: RatingsLog, seed: UInt64 = 1) throws -> BeliefModel {
    try BeliefModel(
      configuration, log, UserSplit(log, evaluation), scale: .fiveStars, seed: seed)
  }

  private static let fitted = Result { try model(Worlds.tiny) }

  /// Fitted once.
  package static var model: BeliefModel { get throws { try fitted.get() } }
}

extension BeliefModel {
  /// The vectors of all items as a fold sees them, one after the other, each with zeros after it.
  package func vectors(_ fold: Int, then zeros: Int = 0) -> [Float] {
    (0..<itemCount).flatMap {
      itemVector($0, fold: fold) + [Float](repeating: 0, count: zeros)
    }
  }
}
