import ClickSessions
import DRRCore

/// How well clicks were predicted among what was shown (``SessionScore``), and how training fares:
/// a line of the metrics.
public struct IRecGANReport: Codable, Hashable, Sendable {
  /// What was trained: pretrained, or a method.
  public var part: String
  public var stage = ""
  public var round: Int?
  public var epoch: Int?
  /// Mean loss of the segment's batches: of U, of A, or of D.
  public var loss: Double
  public var user: SessionScore?
  public var agent: SessionScore?
  /// Mean q_D over the steps of simulated sessions.
  public var realness: Double?
  /// Share of sessions that D took for what they are.
  public var discriminatorAccuracy: Double?
  /// Mean entropy of the policy, in nats.
  public var entropy: Double?
  /// Different items in the best lists of validation positions.
  public var distinctItems: Int?
  /// P(leave) of U, beside what the validation sessions were shown.
  public var leaving: Double?
  /// Of the simulated sessions that the segment learned from, and of the logged ones.
  public var simulated: SessionShape?
  public var logged: SessionShape?

  package init(part: String, loss: Double) {
    self.part = part
    self.loss = loss
  }

  mutating func describe(_ simulated: SessionLog, logged: SessionLog) {
    (self.simulated, self.logged) = (SessionShape(simulated), SessionShape(logged))
  }

  /// What a person should know: the adversary has won, or the policy has collapsed.
  public func warnings(listSize: Int, itemCount: Int) -> [String] {
    var warnings: [String] = []
    if let realness, realness < 0.05 {
      warnings.append(
        "mean q_D on simulated sessions is \(decimal(realness, 4)): the discriminator has won, "
          + "and simulated sessions hardly count; try --label-smoothing, --accuracy-ceiling or "
          + "--discriminator listless")
    }
    if let distinctItems, itemCount >= 4 * listSize, distinctItems < 2 * listSize {
      warnings.append(
        "the agent's lists consist of \(distinctItems) different items of \(itemCount): the policy "
          + "has collapsed")
    }
    if let length = simulated?.length, length < 1.5 {
      warnings.append(
        "simulated sessions have \(decimal(length, 2)) steps: the user model leaves at once")
    }
    return warnings
  }
}

/// How long sessions go on and what they earn: whether U's users are those of the log.
public struct SessionShape: Codable, Hashable, Sendable {
  /// P(leave): of the lists that were shown, the share beside which the user left.
  public var leaving: Double
  /// Mean steps and rewards of a session.
  public var length: Double
  public var reward: Double
  /// Of simulated sessions: the mean P(leave) of their U beside the lists of the logged ones, which
  /// A's lists, better or worse to users, do not move.
  public var leavingOnLog: Double?

  package init(_ log: SessionLog) {
    let (count, left) = (Double(max(1, log.count)), log.ended.count { $0 })
    leaving = Double(left) / Double(max(1, log.targetCount + left))
    length = Double(log.stepCount) / count
    reward = Double(log.rewards.reduce(0, +)) / count
  }
}

extension SessionLog {
  /// Every step that can be predicted.
  var positions: [SessionPosition] {
    (0..<count).flatMap { session in
      steps(of: session).dropFirst().map { SessionPosition(session: session, step: $0) }
    }
  }

  /// The mean of a value of each step over the steps that can be predicted.
  func meanOfTargets(_ values: [Float]) -> Double {
    let sum = positions.reduce(0.0) { $0 + Double(values[$1.step]) }
    return sum / Double(max(1, targetCount))
  }

  mutating func append(_ other: SessionLog) {
    for session in 0..<other.count {
      for step in other.steps(of: session) {
        addStep(click: other.clicks[step], reward: other.rewards[step], list: other.list(of: step))
      }
      endSession(ended: other.ended[session])
    }
  }
}

extension TrainingSessions {
  /// Takes off A's returns their mean at the same step of a session: REINFORCE's baseline.
  ///
  /// - Parameter sessions: those that the mean is of, and that lose it.
  package mutating func subtractStepMeans(over sessions: some Sequence<Int>) {
    var (sums, counts) = ([Double](), [Double]())
    for session in sessions {
      for (number, step) in log.steps(of: session).enumerated() {
        while sums.count <= number {
          sums.append(0)
          counts.append(0)
        }
        sums[number] += Double(agentWeights[step])
        counts[number] += 1
      }
    }
    for session in sessions {
      for (number, step) in log.steps(of: session).enumerated() {
        agentWeights[step] -= Float(sums[number] / counts[number])
      }
    }
  }
}
