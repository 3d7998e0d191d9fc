import DRRCore
import Platform

/// How an agent of continuous actions acts while it learns, beside what `DDPGConfiguration` says.
public struct ContinuousSchedule: Codable, Hashable, Sendable {
  /// Steps of all environments together.
  public var steps = 100_000
  /// Environments that step together.
  public var environments = 128
  /// Steps before the first update, whose actions are all drawn evenly from [−1, 1].
  public var learningStarts = 20_000
  /// Updates after each step that the environments take together.
  public var updatesPerStep = 1
  /// σ of the noise on the actions of the environment that strays least.
  public var leastNoise: Float = 0.1
  /// σ of the one that strays most; those between are spaced geometrically (Horgan et al. 2018,
  /// section 3, whose ladder is of ε).
  public var mostNoise: Float = 1
  /// θ of the noise, an Ornstein–Uhlenbeck process whose σ in the long run is the environment's
  /// (Lillicrap et al. 2016, section 7); nil is 1, noise of each step's own.
  public var noiseReversion: Float?
  /// Probability that an action is drawn evenly from [−1, 1] instead.
  public var uniformShare: Float = 0.25

  /// The default schedule.
  public init() {}

  /// - Throws: `ConfigurationError` for a setting that cannot work.
  public func validate() throws(ConfigurationError) {
    try ConfigurationError.require("steps", steps, in: 1...1_000_000_000_000)
    try ConfigurationError.require("environments", environments, in: 1...65_536)
    try ConfigurationError.require("learning starts", learningStarts, in: 0...)
    try ConfigurationError.require("updates per step", updatesPerStep, in: 1...1_000)
    try ConfigurationError.require("least noise", leastNoise, .positive)
    try ConfigurationError.require("most noise", mostNoise, .positive)
    try ConfigurationError.require("most noise", mostNoise, "no less than the least") {
      $0 >= leastNoise
    }
    try ConfigurationError.require("noise reversion", reversion, "above 0, and 1 at most") {
      $0 > 0 && $0 <= 1
    }
    try ConfigurationError.require("uniform share", uniformShare, .share)
  }

  /// θ.
  var reversion: Float { noiseReversion ?? 1 }

  /// σ of each environment, [environments].
  var deviations: [Float] {
    (0..<environments).map { row in
      let place = environments > 1 ? Double(row) / Double(environments - 1) : 0
      return leastNoise * Float(pow(Double(mostNoise / leastNoise), place))
    }
  }
}
