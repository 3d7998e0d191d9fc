import DRRCore
import DRRData
import Factorization
import Platform
import Tensor

/// Users whose tastes are known: the factorization of all ratings of some data. What a user gives an
/// item is drawn about its value there by a normal, and rounded to the nearest rating of the scale.
public struct SimulatedTastes: Sendable {
  /// Whose factorization the truth is.
  public let log: RatingsLog
  /// How a rating becomes a reward.
  public let scale: RewardScale
  /// The ratings that can be given, rising.
  public let levels: [Float]
  private let model: PMFModel
  private let noise: Double

  /// - Parameters:
  ///   - noise: the standard deviation of a rating about the user's own, on the scale of the data.
  ///   - seed: of the factorization's first vectors.
  ///   - progress: updates done and in all, of which the last are left out where no more help.
  /// - Throws: `RunError` where no factorization can be fitted; what `progress` does.
  public init(
    _ log: RatingsLog, noise: Double, seed: UInt64, on backend: any Backend,
    progress: (Int, Int) throws -> Void = { _, _ in }
  ) throws {
    (self.log, self.noise) = (log, noise)
    scale = RewardScale(ratingRange: log.ratingRange)
    model = try Self.fitted(
      log, Array(0..<Int32(log.count)), scale, seed, on: backend, progress: progress)
    levels = Self.levels(of: log.ratingRange)
  }

  /// The whole numbers of a scale; eleven alike distances where there are fewer than two of them, or
  /// more than anybody tells apart.
  private static func levels(of range: ClosedRange<Float>) -> [Float] {
    let (low, high) = (range.lowerBound, range.upperBound)
    let whole = Double(high.rounded(.down)) - Double(low.rounded(.up)) + 1
    guard 2...1_000 ~= whole else {
      // The ends of a scale may be further apart than a Float tells.
      let span = Double(high) - Double(low)
      return (0...10).map { Float(Double(low) + span * Double($0) / 10) }
    }
    return (0..<Int(whole)).map { low.rounded(.up) + Float($0) }
  }

  static func fitted(
    _ log: RatingsLog, _ rows: [Int32], _ scale: RewardScale, _ seed: UInt64,
    on backend: any Backend, progress: (Int, Int) throws -> Void = { _, _ in }
  ) throws -> PMFModel {
    var configuration = PMFConfiguration(ratings: rows.count)
    configuration.dimension = 16
    let trainer = try PMFTrainer(
      configuration, log: log, rows: rows, scale: scale, seed: seed, on: backend)
    while !trainer.isFinished {
      let (done, each) = (trainer.epoch * trainer.batchesPerEpoch, trainer.batchesPerEpoch)
      _ = try trainer.runEpoch { try progress(done + $0, configuration.epochs * each) }
    }
    guard let best = trainer.best else { throw RunError("no factorization could be fitted") }
    return best.model
  }

  /// The chance of each of ``levels``.
  public func chances(user: Int, item: Int) -> [Double] {
    let mean = Double(scale.rating(model.reward(user: user, item: item)))
    guard noise > 0 else {
      let nearest = levels.indices.min {
        abs(Double(levels[$0]) - mean) < abs(Double(levels[$1]) - mean)
      }
      return levels.indices.map { $0 == nearest ? 1 : 0 }
    }
    func below(_ edge: Double) -> Double { 0.5 * erfc((mean - edge) / (noise * 2.squareRoot())) }
    return levels.indices.map { at in
      let low = at == 0 ? 0 : below(Double(levels[at] + levels[at - 1]) / 2)
      let high = at == levels.count - 1 ? 1 : below(Double(levels[at] + levels[at + 1]) / 2)
      return high - low
    }
  }

  /// The mean reward of a user's ratings of an item.
  public func reward(user: Int, item: Int) -> Double {
    zip(chances(user: user, item: item), levels).reduce(0) {
      $0 + $1.0 * Double(scale.reward($1.1))
    }
  }

  /// The rating that a number in [0, 1) draws.
  public func rating(user: Int, item: Int, _ drawn: Float) -> Float {
    var sum = 0.0
    for (chance, level) in zip(chances(user: user, item: item), levels) {
      sum += chance
      if drawn < Float(sum) { return level }
    }
    return levels.last!
  }
}
