/// What a log of sessions holds, in numbers.
public struct SessionSummary: Codable, Hashable, Sendable {
  public struct Bin: Codable, Hashable, Sendable {
    public var value: Int
    public var count: Int
  }

  public var name: String
  public var format: String
  public var checksum: String
  public var sessions: Int
  /// Starts and all that follows.
  public var steps: Int
  /// Steps that can be predicted.
  public var targets: Int
  /// Items of the catalogue, and those that were clicked.
  public var items: Int
  public var clickedItems: Int
  /// How many sessions have how many steps, ascending.
  public var lengths: [Bin]
  public var meanLength: Double
  /// Sessions that their users left, not the log.
  public var endedSessions: Int
  /// How many of the steps that can be predicted were shown how many items, ascending.
  public var listSizes: [Bin]
  public var listsAreSampled: Bool
  /// Mean reward of a step that can be predicted, and the share of those with any.
  public var meanReward: Double
  public var rewardedShare: Double
  public var repairs: SessionRepairs
}

extension SessionLog {
  public func describe() -> SessionSummary {
    var (lengths, sizes) = ([Int: Int](), [Int: Int]())
    var (reward, rewarded) = (0.0, 0)
    for session in 0..<count {
      let steps = steps(of: session)
      lengths[steps.count, default: 0] += 1
      for step in steps.dropFirst() {
        sizes[list(of: step).count, default: 0] += 1
        reward += Double(rewards[step])
        rewarded += rewards[step] != 0 ? 1 : 0
      }
    }
    func bins(_ counts: [Int: Int]) -> [SessionSummary.Bin] {
      counts.sorted { $0.key < $1.key }.map { SessionSummary.Bin(value: $0.key, count: $0.value) }
    }
    let targets = Double(max(targetCount, 1))
    return SessionSummary(
      name: name, format: format, checksum: checksum, sessions: count, steps: stepCount,
      targets: targetCount, items: itemCount, clickedItems: Set(clicks).count,
      lengths: bins(lengths), meanLength: Double(stepCount) / Double(max(count, 1)),
      endedSessions: ended.count { $0 }, listSizes: bins(sizes),
      listsAreSampled: listsAreSampled, meanReward: reward / targets,
      rewardedShare: Double(rewarded) / targets, repairs: repairs)
  }
}
