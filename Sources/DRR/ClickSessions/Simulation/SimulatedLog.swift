import Tensor

/// How a log is made in a simulator: by which policy, how long, and from which seed.
public struct SimulatedLog: Codable, Hashable, Sendable {
  /// The name of the policy that fills the lists.
  public var policy: String
  public var sessions: Int
  public var listSize: Int
  public var seed: UInt64

  public init(policy: String, sessions: Int, listSize: Int, seed: UInt64) {
    self.policy = policy
    self.sessions = sessions
    self.listSize = listSize
    self.seed = seed
  }

  /// So many sessions with a click that their users left, and those without that came between.
  ///
  /// - Parameter progress: told of the sessions done and wanted.
  public func make(
    in source: WorldSource, progress: (_ done: Int, _ wanted: Int) -> Void = { _, _ in }
  ) throws -> SessionSimulation.Result {
    let policy = try source.policy(policy, listSize: listSize)
    let isOpenEnded = source.world is TabularWorld
    var made = try SessionSimulation(
      isOpenEnded ? .clicked(sessions) : .sessions(sessions), listSize: listSize, seed: seed
    ).run(source.world, policy, progress: progress)
    made.log.checksum = made.log.contentChecksum()
    return made
  }
}
