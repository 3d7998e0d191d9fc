import DRRCore
import DRRData
import Environments
import Factorization
import Tensor

/// A training user as a held-out one would be met: the earlier half of the user's ratings is on
/// record, the later half is the session to come, and item vectors are those that others' ratings
/// made.
package struct Trainee: Sendable {
  package let user: Int32
  package let fold: Int
  package let profile: [SessionState.Feedback]
  /// Items of the later half, and the user's reward of each.
  package let session: [SessionState.Feedback]

  /// Training users whose later half has `minimum` items.
  static func all(
    _ log: RatingsLog, _ split: UserSplit, _ model: BeliefModel, scale: RewardScale,
    profileShare: Double, minimum: Int
  ) throws(ConfigurationError) -> [Trainee] {
    var longest = 0
    let trainees = split.trainUsers.compactMap { user -> Trainee? in
      let rated = Array(split.visibleRows(of: Int(user), in: log)).map { row in
        let reward = scale.reward(log.ratings[row])
        return SessionState.Feedback(item: log.items[row], reward: reward, earned: reward)
      }
      let half = Int((profileShare * Double(rated.count)).rounded())
      longest = max(longest, rated.count - half)
      guard rated.count - half >= minimum else { return nil }
      return Trainee(
        user: user, fold: model.fold(ofUser: user), profile: Array(rated[..<half]),
        session: Array(rated[half...]))
    }
    if trainees.isEmpty {
      throw ConfigurationError(
        "no training user has a session of \(minimum) items, the larger of the candidates a session "
          + "needs and its length: the longest has \(longest)"
          + (longest > 0
            ? "; lower --minimum-candidates or --session-length, both to \(longest) at most" : ""))
    }
    return trainees
  }

  /// The user's belief state when the session begins.
  package func belief(_ model: BeliefModel) -> Belief {
    var belief = model.belief()
    for rated in profile { belief.observe(rated.item, rated.reward, fold: fold) }
    return belief
  }
}

/// A training session under way.
struct ItemSession {
  let trainee: Int
  let fold: Int
  var belief: Belief
  var feedback: [SessionState.Feedback] = []
  var run = Satisfaction.Run()
  /// What may still be shown; nil: the whole catalogue but `shown`.
  var pool: [Int32]?
  var shown: Set<Int32> = []
  /// What replay keeps of its state: the index of its vector, then the candidates' rows.
  var row: [Int32] = []
}
