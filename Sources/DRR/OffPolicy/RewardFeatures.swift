/// The columns of a linear reward model: a constant, the position, the action, its features, the
/// context, the affinity of the two, and, crossed, every context column once for each action.
struct RewardFeatures: Sendable {
  let log: LoggedFeedback
  let isCrossed: Bool
  let firstPosition = 1
  let firstAction: Int
  let firstFeature: Int
  let firstContext: Int
  let affinity: Int
  let firstCrossed: Int
  let width: Int
  let contextWidth: Int

  init(_ log: LoggedFeedback, crossed: Bool) {
    self.log = log
    isCrossed = crossed
    contextWidth = log.context.count > 0 ? log.context.width : 0
    firstAction = firstPosition + (log.positionCount > 1 ? log.positionCount : 0)
    firstFeature = firstAction + log.actionCount
    firstContext = firstFeature + (log.actionFeatures.count > 0 ? log.actionFeatures.width : 0)
    affinity = firstContext + contextWidth
    firstCrossed = affinity + (log.affinities.isEmpty ? 0 : 1)
    width = firstCrossed + (crossed ? contextWidth * log.actionCount : 0)
  }

  /// Calls `body` with each column of a decision for an action that is not 0, and its value.
  func forEach(_ row: Int, _ action: Int, _ body: (Int, Double) -> Void) {
    body(0, 1)
    if log.positionCount > 1 { body(firstPosition + Int(log.positions[row]), 1) }
    body(firstAction + action, 1)
    if log.actionFeatures.count > 0 {
      log.actionFeatures.forEach(of: action) { body(firstFeature + $0, $1) }
    }
    if contextWidth > 0 {
      log.context.forEach(of: row) { body(firstContext + $0, $1) }
    }
    if !log.affinities.isEmpty {
      let value = log.affinities.value(row, action)
      if value != 0 { body(affinity, value) }
    }
    if isCrossed && contextWidth > 0 {
      let first = firstCrossed + action * contextWidth
      log.context.forEach(of: row) { body(first + $0, $1) }
    }
  }
}

/// A reward as a linear function of the features, or its logistic.
struct LinearRewards: Sendable {
  let features: RewardFeatures
  let coefficients: [Double]
  let isLogistic: Bool

  private func link(_ score: Double) -> Double { isLogistic ? logistic(score) : score }

  func predict(_ row: Int, _ action: Int) -> Double {
    var score = 0.0
    features.forEach(row, action) { score += coefficients[$0] * $1 }
    return link(score)
  }

  /// The expected reward of every action.
  func predict(_ row: Int, into values: inout [Double]) {
    let log = features.log
    var shared = coefficients[0]
    if log.positionCount > 1 {
      shared += coefficients[features.firstPosition + Int(log.positions[row])]
    }
    if features.contextWidth > 0 {
      log.context.forEach(of: row) { shared += coefficients[features.firstContext + $0] * $1 }
    }
    for action in 0..<log.actionCount {
      var score = shared + coefficients[features.firstAction + action]
      if log.actionFeatures.count > 0 {
        log.actionFeatures.forEach(of: action) {
          score += coefficients[features.firstFeature + $0] * $1
        }
      }
      if !log.affinities.isEmpty {
        score += coefficients[features.affinity] * log.affinities.value(row, action)
      }
      if features.isCrossed && features.contextWidth > 0 {
        let first = features.firstCrossed + action * features.contextWidth
        log.context.forEach(of: row) { score += coefficients[first + $0] * $1 }
      }
      values[action] = link(score)
    }
  }
}
