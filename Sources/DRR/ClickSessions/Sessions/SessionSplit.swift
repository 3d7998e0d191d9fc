import DRRCore
import Tensor

/// Which sessions train, validate and test.
public struct SessionSplit: Hashable, Sendable {
  public enum Order: Hashable, Sendable {
    /// The first sessions train, the last test.
    case file
    case permuted(seed: UInt64)
  }

  public var training: [Int]
  public var validation: [Int]
  public var test: [Int]

  /// - Parameters:
  ///   - count: of sessions.
  ///   - training: the share of them that trains.
  ///   - validation: the share that validates; what is left tests.
  public init(
    count: Int, training: Double = 0.8, validation: Double = 0.1, order: Order = .file
  ) throws(ConfigurationError) {
    try ConfigurationError.require("training share", training, "from 0 to 1") {
      (0...1).contains($0)
    }
    try ConfigurationError.require(
      "validation share", validation, "from 0 to what training leaves of 1"
    ) { $0 >= 0 && training + $0 <= 1 + 1e-9 }
    var sessions = Array(0..<count)
    if case .permuted(let seed) = order {
      var random = Philox(seed: seed, stream: Streams.sessionSplit)
      sessions.shuffle(using: &random)
    }
    let first = min(count, Int((training * Double(count)).rounded()))
    let second = min(count, max(first, Int(((training + validation) * Double(count)).rounded())))
    self.training = Array(sessions[..<first])
    self.validation = Array(sessions[first..<second])
    test = Array(sessions[second...])
  }
}

extension SessionLog {
  /// All steps of some sessions that can be predicted.
  public func positions(of sessions: some Sequence<Int>) -> [SessionPosition] {
    sessions.flatMap { session in
      steps(of: session).dropFirst().map { SessionPosition(session: session, step: $0) }
    }
  }
}
