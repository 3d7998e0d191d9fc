import Platform

/// The columns of a linear reward model.
///
/// Those that all actions share come first: a constant, the position, the action's features, the
/// context and the affinity of the two. Then those of each action: one for itself and, crossed, every
/// column of the context. Candidates, which no other decision has, have none of their own.
struct RewardFeatures: Sendable {
  let log: LoggedFeedback
  let isCrossed: Bool
  let firstPosition = 1
  let firstFeature: Int
  let firstContext: Int
  let affinity: Int
  let sharedWidth: Int
  /// Columns of one action alone.
  let ownWidth: Int

  var width: Int { sharedWidth + log.actionCount * ownWidth }

  init(_ log: LoggedFeedback, crossed: Bool) {
    self.log = log
    isCrossed = crossed
    let contextWidth = log.context.count > 0 ? log.context.width : 0
    firstFeature = firstPosition + (log.positionCount > 1 ? log.positionCount : 0)
    firstContext = firstFeature + (log.actionFeatures.count > 0 ? log.actionFeatures.width : 0)
    affinity = firstContext + contextWidth
    sharedWidth = affinity + (log.affinities.isEmpty ? 0 : 1)
    ownWidth = log.candidates.isEmpty ? 1 + (crossed ? contextWidth : 0) : 0
  }

  /// The first of an action's own columns.
  func firstOwn(_ action: Int) -> Int { sharedWidth + action * ownWidth }

  /// Calls `body` with each column of a decision for an action that is not 0, in ascending order, and
  /// its value.
  @inline(__always)
  func forEach(_ row: Int, _ action: Int, _ body: (Int, Double) -> Void) {
    forEachShared(row, action, body)
    let first = firstOwn(action)
    forEachOwn(row) { body(first + $0, $1) }
  }

  @inline(__always)
  func forEachShared(_ row: Int, _ action: Int, _ body: (Int, Double) -> Void) {
    body(0, 1)
    if log.positionCount > 1 { body(firstPosition + Int(log.positions[row]), 1) }
    if log.actionFeatures.count > 0 {
      log.actionFeatures.forEach(of: log.featureRow(row, action)) { body(firstFeature + $0, $1) }
    }
    if affinity > firstContext { log.context.forEach(of: row) { body(firstContext + $0, $1) } }
    if sharedWidth > affinity {
      let value = log.affinities.value(row, action)
      if value != 0 { body(affinity, value) }
    }
  }

  /// By place among the action's own columns.
  @inline(__always)
  func forEachOwn(_ row: Int, _ body: (Int, Double) -> Void) {
    if ownWidth > 0 { body(0, 1) }
    if ownWidth > 1 { log.context.forEach(of: row) { body(1 + $0, $1) } }
  }
}

/// A reward as a linear function of the features, or its logistic.
struct LinearRewards: Sendable {
  let features: RewardFeatures
  let coefficients: [Double]
  let isLogistic: Bool
  /// What an action adds in every decision: by its own column and its features. Of candidates by
  /// their row of features.
  private let offsets: [Double]
  /// exp(−offset), where an action's logistic differs by its offset alone, and none is near a
  /// number's limits.
  private let factors: [Double]
  /// [context, actions]: crossed, the coefficients of each column of the context.
  private let crossed: [Double]

  init(features: RewardFeatures, coefficients: [Double], isLogistic: Bool) {
    let log = features.log
    self.features = features
    self.coefficients = coefficients
    self.isLogistic = isLogistic
    let isCatalogue = log.candidates.isEmpty
    let rows = isCatalogue ? log.actionCount : max(log.actionFeatures.count, 1)
    offsets = (0..<rows).map { row in
      var offset = isCatalogue ? coefficients[features.firstOwn(row)] : 0
      if log.actionFeatures.count > 0 {
        log.actionFeatures.forEach(of: row) {
          offset += coefficients[features.firstFeature + $0] * $1
        }
      }
      return offset
    }
    crossed = (0..<features.ownWidth).dropFirst().flatMap { column in
      (0..<log.actionCount).map { coefficients[features.firstOwn($0) + column] }
    }
    let isPlain =
      isLogistic && isCatalogue && crossed.isEmpty && features.sharedWidth == features.affinity
    factors = isPlain && offsets.allSatisfy { abs($0) < 300 } ? offsets.map { exp(-$0) } : []
  }

  private func link(_ score: Double) -> Double { isLogistic ? logistic(score) : score }

  /// Whether the rewards of two decisions differ by the same in every action.
  var isParallel: Bool {
    !isLogistic && crossed.isEmpty && features.log.affinities.isEmpty
      && features.log.candidates.isEmpty
  }

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
    if features.affinity > features.firstContext {
      log.context.forEach(of: row) { shared += coefficients[features.firstContext + $0] * $1 }
    }
    values.withUnsafeMutableBufferPointer { values in
      let count = values.count
      if !factors.isEmpty, abs(shared) < 300 {
        let factor = exp(-shared)
        factors.withUnsafeBufferPointer { factors in
          for action in 0..<count { values[action] = 1 / (1 + factor * factors[action]) }
        }
        return
      }
      offsets.withUnsafeBufferPointer { offsets in
        if log.candidates.isEmpty {
          for action in 0..<count { values[action] = shared + offsets[action] }
        } else {
          for place in 0..<count {
            values[place] = shared + offsets[log.candidates.row(row, place)]
          }
        }
      }
      if !crossed.isEmpty {
        crossed.withUnsafeBufferPointer { crossed in
          log.context.forEach(of: row) { column, value in
            let slopes = UnsafeBufferPointer(
              rebasing: crossed[column * count..<(column + 1) * count])
            for action in 0..<count { values[action] += slopes[action] * value }
          }
        }
      }
      if features.sharedWidth > features.affinity {
        let slope = coefficients[features.affinity]
        log.affinities.forEach(of: row) { values[$0] += slope * $1 }
      }
      if isLogistic { for action in 0..<count { values[action] = logistic(values[action]) } }
    }
  }
}
