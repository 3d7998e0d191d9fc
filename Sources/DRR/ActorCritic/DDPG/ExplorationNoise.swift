import DRRCore
import Tensor

/// How training strays from π(s).
public enum ExplorationKind: String, Codable, CaseIterable, Hashable, Sendable,
  CustomStringConvertible
{
  /// With probability ε, a vector from U(0, range) in the place of π(s).
  case epsilon
  /// N(0, σ) added in each dimension (Fujimoto et al. 2018, algorithm 1).
  case gaussian
  /// An Ornstein–Uhlenbeck process added, 0 before each session (Lillicrap et al. 2016, section 7):
  /// x ← (1 − θ)x + N(0, σ).
  case ornsteinUhlenbeck = "ou"

  public var description: String { rawValue }
}

/// Turns π(s) into the actions that training takes, of several sessions at once. Draws follow from
/// the seed and the step.
public final class ExplorationNoise {
  let configuration: DRRConfiguration
  let seed: UInt64
  /// x of each session's Ornstein–Uhlenbeck process, [rows, width]; nil for the other kinds.
  let process: Tensor?

  /// For `rows` sessions with actions of `width` numbers.
  public init(
    _ configuration: DRRConfiguration, rows: Int, width: Int, seed: UInt64, on backend: any Backend
  ) {
    self.configuration = configuration
    self.seed = seed
    process =
      configuration.exploration == .ornsteinUhlenbeck
      ? Tensor(repeating: 0, shape: [rows, width], on: backend) : nil
  }

  /// Perturbs the actions [rows, width] in place. No two calls may share a step.
  public func apply(to actions: Tensor, step: Int) {
    func key(_ stream: UInt64) -> RandomKey {
      RandomKey(seed: seed, stream: stream, counter: UInt64(step))
    }
    let deviation = configuration.explorationDeviation
    switch configuration.exploration {
    case .epsilon:
      actions.replaceRows(
        probability: configuration.epsilon(at: step), low: 0, high: configuration.explorationRange,
        coin: key(Streams.explorationCoin), values: key(Streams.explorationVector))
    case .gaussian:
      let noise = Tensor.normal(
        actions.shape, deviation: deviation, key(Streams.explorationNoise), on: actions.backend)
      actions.perturb(by: noise, bound: Actor.bound)
    case .ornsteinUhlenbeck:
      process!.stepOrnsteinUhlenbeck(
        reversion: configuration.explorationReversion, deviation: deviation,
        key(Streams.explorationNoise))
      actions.perturb(by: process!, bound: Actor.bound)
    }
  }

  /// The session of a row is over; the next one starts without what this one has gathered.
  public func sessionEnded(row: Int) {
    guard let process else { return }
    let width = process.shape[1]
    process.backend.fill(0, into: process.view[row * width..<(row + 1) * width])
  }
}

extension ExplorationNoise: Checkpointed {
  public func save(to file: inout SafetensorsWriter, _ prefix: String) throws {
    guard let process else { return }
    try file.add("\(prefix).process", process.host(), shape: process.shape.array)
  }

  public func prepareRestore(
    from file: SafetensorsFile, _ prefix: String
  ) throws -> () -> Void {
    guard let process else { return {} }
    let values = try file.floats("\(prefix).process", shape: process.shape.array)
    return { process.backend.write(values, to: process.view) }
  }
}
