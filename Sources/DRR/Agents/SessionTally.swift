/// What items shown in sessions have earned since the last report.
package struct SessionTally {
  package var steps = 0
  package var reward = 0.0
  /// Items that the user's own log contains.
  package var logged = 0

  package init(steps: Int = 0, reward: Double = 0, logged: Int = 0) {
    (self.steps, self.reward, self.logged) = (steps, reward, logged)
  }

  /// A step's reward.
  package var meanReward: Double { reward / Double(max(steps, 1)) }
  /// Share of the items that the user's own log contains.
  package var loggedShare: Double { Double(logged) / Double(max(steps, 1)) }

  /// An item was shown.
  package mutating func add(_ earned: Float, isLogged: Bool) {
    steps += 1
    reward += Double(earned)
    logged += isLogged ? 1 : 0
  }
}
