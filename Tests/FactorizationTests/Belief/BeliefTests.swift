import DRRTestSupport
import Factorization
import Tensor
import TestSupport
import Testing

@Suite("Beliefs of a user")
struct BeliefTests {
  /// With z = 0.5 of variance 0.25, c = −0.2, their covariance 0.1 and y − mean − c = 1:
  /// precision [3 2; 2 6], shifted [1.6 4], determinant 14.
  @Test("one dimension by hand: the item's covariance counts")
  func byHand() {
    let item = BayesianFactorization.Posteriors(
      width: 2, means: [0.5, -0.2], covariances: [0.25, 0.1, 0.7])
    var sum = GaussianAccumulator(priorVariances: [1, 0.5])
    sum.observe(0.9, item, 0, mean: 0.1, noisePrecision: 4)
    let expected: [Float] = [1.6 / 14, 8.8 / 14]
    #expect(zip(sum.mean(), expected).allSatisfy { abs($0 - $1) < 1e-6 })

    var posterior = BayesianFactorization.Posteriors(
      width: 2, means: [9, 9, 0, 0], covariances: [9, 9, 9, 0, 0, 0])
    posterior.overwrite { [sum] row in
      row == 1 ? sum : GaussianAccumulator(priorVariances: [1, 0.5])
    }
    #expect(posterior.means[..<2] == [0, 0])
    #expect(zip(posterior.covariances, [1, 0, 0.5]).allSatisfy { abs($0 - $1) < 1e-6 })
    #expect(Array(posterior.means[2...]) == sum.mean())
    let covariance: [Float] = [6.0 / 14, -2.0 / 14, 3.0 / 14]
    #expect(zip(posterior.covariances[3...], covariance).allSatisfy { abs($0 - $1) < 1e-6 })
  }

  @Test("a bias alone is the mean of the residuals, drawn to 0 by the prior")
  func biasAlone() {
    let items = BayesianFactorization.Posteriors(
      width: 1, means: [0.5, 0, -0.5], covariances: [3, 3, 3])
    var sum = GaussianAccumulator(priorVariances: [0.25])
    #expect(sum.mean() == [0])
    for (row, value) in ([1.5, 0, 0.5] as [Float]).enumerated() {
      sum.observe(value, items, row, mean: 0, noisePrecision: 2)
    }
    // Residuals 1, 0, 1 of precision 2 beside a prior of precision 4.
    #expect(abs(sum.mean()[0] - 4.0 / 10) < 1e-6)
  }

  private static let seen: [(item: Int32, reward: Float)] = [
    (3, 1), (17, -1), (40, 0.5), (41, 0), (90, -0.5), (110, 1), (8, 1),
  ]

  @Test("the posterior mean is the dense solution, in every fold")
  func dense() throws {
    let model = try BeliefWorlds.model
    for fold in 0...model.everything {
      var belief = model.belief()
      for (item, reward) in Self.seen { belief.observe(item, reward, fold: fold) }
      let action = belief.action()
      #expect(action.count == model.itemWidth)
      var first = 0
      for factorization in model.factorizations {
        let d = factorization.dimension
        let ratings = Self.seen.map { item, reward in
          var other = factorization.items.dense(Int(item))
          other.mean = model.itemVector(Int(item), fold: fold)[first..<first + d + 1]
            .map { Double($0) }
          return (value: Double(reward), other: other)
        }
        let expected = DenseGaussian.posterior(
          ratings, priorVariances: factorization.userVariances.map { Double($0) },
          mean: Double(factorization.mean), noisePrecision: Double(factorization.noisePrecision))
        let found = action[first..<first + d] + [action[first + d + 1]]
        #expect(relativeError(found.map { Double($0) }, expected.mean) < 1e-5, "fold \(fold)")
        #expect(action[first + d] == 1)
        first += d + 2
      }
      #expect(action[first...].allSatisfy { $0 == 0 })
    }
  }

  @Test("the order of what was seen does not matter")
  func order() throws {
    let model = try BeliefWorlds.model
    var random = SeededGenerator(4)
    func action(_ seen: [(item: Int32, reward: Float)]) -> [Double] {
      var belief = model.belief()
      for (item, reward) in seen { belief.observe(item, reward, fold: 1) }
      return belief.action().map { Double($0) }
    }
    let first = action(Self.seen)
    for _ in 0..<5 {
      #expect(relativeError(action(Self.seen.shuffled(using: &random)), first) < 1e-6)
    }
    #expect(relativeError(action(Self.seen.dropLast()), first) > 1e-3)
  }

  @Test("a summary counts and averages")
  func summary() throws {
    var belief = try BeliefWorlds.model.belief()
    #expect(belief.summary == [0, 0])
    for (item, reward) in [(1, 1), (2, -0.5), (3, 0.25)] as [(Int32, Float)] {
      belief.observe(item, reward, fold: 0)
    }
    #expect(abs(belief.summary[0] - 0.277_258_87) < 1e-6)  // log 4 / 5
    #expect(belief.summary[1] == 0.25)
  }
}
