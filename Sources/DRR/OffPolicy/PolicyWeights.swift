import DRRCore

/// One policy's numbers of every decision of a log.
public struct PolicyWeights: Sendable {
  public let name: String
  /// π(a | x) / p of the logged action.
  public internal(set) var weights: [Double] = []
  /// V(x) = Σ π(a | x) q(x, a).
  public internal(set) var modelled: [Double] = []
  /// The mean of π(a | x) of the logged action: the share of the log that a replay would keep.
  public internal(set) var matchRate = 0.0
  /// [positions, actions]: Σ π(a | x) over the decisions at that position; empty where these have
  /// candidates of their own.
  public internal(set) var mass: [Double] = []

  /// Of several policies at once, and q of the logged actions.
  ///
  /// A policy that gives many decisions the same probabilities (`PolicyBasis`) is asked for them
  /// once. Of the others every action of every decision is looked at, on all cores.
  public static func compute(
    _ policies: [any TargetPolicy], on log: LoggedFeedback, rewards: some RewardPrediction,
    progress: (Int) -> Void = { _ in }
  ) throws(ConfigurationError) -> (policies: [PolicyWeights], predicted: [Double]) {
    let weighing = try Weighing(policies, log, rewards)
    var results = policies.indices.map { weighing.sharedMass($0) }
    var predicted: [Double] = []
    predicted.reserveCapacity(log.count)
    let length = 1_024
    for first in stride(from: 0, to: log.count, by: 16 * length) {
      progress(first)
      let end = min(first + 16 * length, log.count)
      let blocks = concurrentMap((end - first + length - 1) / length) { block in
        let start = first + block * length
        return Result { () throws(ConfigurationError) in
          try weighing.decisions(start..<min(start + length, end))
        }
      }
      for block in blocks {
        let found = try block.get()
        predicted += found.predicted
        for (at, part) in found.policies.enumerated() { results[at].append(part) }
      }
    }
    for at in results.indices { results[at].matchRate /= log.total }
    progress(log.count)
    return (results, predicted)
  }

  private mutating func append(_ part: PolicyWeights) {
    weights += part.weights
    modelled += part.modelled
    matchRate += part.matchRate
    for at in part.mass.indices { mass[at] += part.mass[at] }
  }
}

/// What a policy does in one decision.
private struct Choice: Sendable {
  var row = 0
  /// π(a | x).
  var probabilities: [Double]
  /// Σ π(a | x) q(x, a).
  var modelled = 0.0

  init(actions: Int) { probabilities = Array(repeating: 0, count: actions) }

  mutating func fill(
    _ policy: any TargetPolicy, _ row: Int, of log: LoggedFeedback, values: [Double]
  ) throws(ConfigurationError) {
    self.row = row
    probabilities.resize(to: log.choiceCount(row))
    policy.fill(&probabilities, row, of: log, values: values)
    let sum = probabilities.reduce(0, +)
    guard abs(sum - 1) < 1e-6 else {
      throw ConfigurationError(
        "policy \(policy.name): its probabilities of decision \(row + 1) sum to \(sum); they must "
          + "sum to 1")
    }
    modelled = expected(values)
  }

  func expected(_ values: [Double]) -> Double {
    zip(probabilities, values).reduce(0) { $0 + $1.0 * $1.1 }
  }
}

/// Decisions in which one policy does the same.
private struct SharedChoices: Sendable {
  private struct Key: Hashable {
    var position: Int32
    var choices: Int
    var group: Int?
  }

  /// By decision: which choice, where it shares one.
  private(set) var places: [Int?] = []
  /// As filled for the first decision of each.
  private(set) var choices: [Choice] = []
  /// Decisions of each.
  private(set) var counts: [Int] = []

  init(
    _ policy: any TargetPolicy, _ log: LoggedFeedback, _ rewards: some RewardPrediction,
    _ groups: [Int?]
  ) throws(ConfigurationError) {
    places.reserveCapacity(log.count)
    var numbers: [Key: Int] = [:]
    var values = [Double](repeating: 0, count: log.actionCount)
    for row in 0..<log.count {
      guard policy.basis == .position || policy.basis == .differences && groups[row] != nil else {
        places.append(nil)
        continue
      }
      let key = Key(
        position: log.positions[row], choices: log.choiceCount(row), group: groups[row])
      let number = numbers[key] ?? choices.count
      if number == choices.count {
        numbers[key] = number
        var choice = Choice(actions: log.actionCount)
        values.resize(to: key.choices)
        if key.group != nil { rewards.predict(row, into: &values) }
        try choice.fill(policy, row, of: log, values: values)
        choices.append(choice)
        counts.append(0)
      }
      counts[number] += 1
      places.append(number)
    }
  }
}

extension [Double] {
  /// Makes it zeros where it has another number of elements.
  fileprivate mutating func resize(to count: Int) {
    if self.count != count { self = Array(repeating: 0, count: count) }
  }
}

/// The weighing of a log's decisions by some policies.
private struct Weighing<Rewards: RewardPrediction>: Sendable {
  let policies: [any TargetPolicy]
  let log: LoggedFeedback
  let rewards: Rewards
  let groups: [Int?]
  var shared: [SharedChoices] = []

  init(
    _ policies: [any TargetPolicy], _ log: LoggedFeedback, _ rewards: Rewards
  ) throws(ConfigurationError) {
    self.policies = policies
    self.log = log
    self.rewards = rewards
    groups = (0..<log.count).map { rewards.group(of: $0) }
    for policy in policies { shared.append(try SharedChoices(policy, log, rewards, groups)) }
  }

  /// A policy with no decision yet but the mass of those that share a choice.
  func sharedMass(_ policy: Int) -> PolicyWeights {
    var result = PolicyWeights(name: policies[policy].name)
    guard log.candidates.isEmpty else { return result }
    result.mass = Array(repeating: 0, count: log.positionCount * log.actionCount)
    for (choice, count) in zip(shared[policy].choices, shared[policy].counts) {
      let first = Int(log.positions[choice.row]) * log.actionCount
      for (action, probability) in choice.probabilities.enumerated() {
        result.mass[first + action] += Double(count) * probability
      }
    }
    return result
  }

  /// Of some decisions in order; `mass` of those that share no choice, empty where all do.
  func decisions(
    _ rows: Range<Int>
  ) throws(ConfigurationError) -> (policies: [PolicyWeights], predicted: [Double]) {
    var results = policies.map { PolicyWeights(name: $0.name) }
    var predicted: [Double] = []
    var values = [Double](repeating: 0, count: log.actionCount)
    var own = Choice(actions: log.actionCount)
    for row in rows {
      let action = Int(log.actions[row])
      let reward = rewards.predict(row, action)
      predicted.append(reward)
      var hasValues = false
      func predictAll() {
        if hasValues { return }
        values.resize(to: log.choiceCount(row))
        rewards.predict(row, into: &values)
        hasValues = true
      }
      for (at, policy) in policies.enumerated() {
        let (probability, modelled): (Double, Double)
        if let place = shared[at].places[row] {
          let choice = shared[at].choices[place]
          probability = choice.probabilities[action]
          if groups[row] != nil {
            modelled = choice.modelled + (reward - rewards.predict(choice.row, action))
          } else {
            predictAll()
            modelled = choice.expected(values)
          }
        } else {
          predictAll()
          try own.fill(policy, row, of: log, values: values)
          (probability, modelled) = (own.probabilities[action], own.modelled)
          addMass(of: own, to: &results[at].mass)
        }
        results[at].weights.append(probability / log.propensities[row])
        results[at].modelled.append(modelled)
        results[at].matchRate += log.multiplicity(row) * probability
      }
    }
    return (results, predicted)
  }

  private func addMass(of choice: Choice, to mass: inout [Double]) {
    guard log.candidates.isEmpty else { return }
    if mass.isEmpty {
      mass = Array(repeating: 0, count: log.positionCount * log.actionCount)
    }
    let first = Int(log.positions[choice.row]) * log.actionCount
    mass.withUnsafeMutableBufferPointer { mass in
      choice.probabilities.withUnsafeBufferPointer { probabilities in
        for action in probabilities.indices { mass[first + action] += probabilities[action] }
      }
    }
  }
}
