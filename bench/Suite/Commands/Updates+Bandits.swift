import DRR
import Tensor

/// A bandit's step: a choice among K arms, a reward, and what is learned of it; beside MABWiser's.
extension Updates {
  /// Arms, and policies that MABWiser has too.
  static let banditArms = [10, 1_000]
  static let sharedPolicies: Set = [
    "random", "epsilon", "softmax", "ucb1", "thompson", "linucb-arms", "thompson-arms",
  ]
  static let linearArms = 100
  static let linearWidth = 16

  func banditFigures(in room: Room) throws -> [Figure] {
    var cases: [(name: String, title: String, work: Work)] = []
    for arms in Self.banditArms {
      for policy in BernoulliArms.usualPolicies {
        cases.append(
          (
            "\(policy) \(arms)", "bandit step, \(policy), K \(arms)",
            try armsWork(policy, arms)
          ))
      }
    }
    for policy in ["linucb-arms", "thompson-arms", "linucb", "thompson"] {
      let (arms, width) = (Self.linearArms, Self.linearWidth)
      cases.append(
        (
          "\(policy) \(arms)x\(width)",
          "bandit step, linear \(policy), K \(arms), d \(width)",
          try linearWork(policy, arms, width)
        ))
    }
    let shared = cases.map(\.name).filter { name in
      Self.sharedPolicies.contains(String(name.prefix { $0 != " " }))
        && (!name.hasPrefix("thompson ") || !name.contains("x"))
    }
    let peer =
      room.isProcessor
      ? room.peer("MABWiser", "mabwiser_bandits.py", shared.flatMap { ["--case", $0] }) : nil
    let (samples, answer) = try room.measure(cases.map(\.work), beside: peer)
    return zip(cases, samples).map { found, samples in
      var figure = Figure("updates", found.title, samples, in: room)
      figure.values = ["steps/s": 1 / (figure.time?.median ?? .infinity)]
      if let answer, let theirs = answer[found.name] { figure.add(peer: answer.peer, theirs) }
      return figure
    }
  }

  private func armsWork(_ name: String, _ arms: Int) throws -> Work {
    var random = Philox(seed: 1, stream: 0)
    let means = (0..<arms).map { _ in Double(random.uniform()) }
    func work(_ fresh: some BanditPolicy) -> Work {
      var policy = fresh
      let round = BanditRound()
      // Every arm was tried before the clock runs.
      for arm in 0..<arms {
        for turn in 0..<10 {
          policy.observe(
            arm, reward: Double(turn) < 10 * means[arm] ? 1 : 0, in: round)
        }
      }
      return Work(name) {
        let arm = policy.choose(round).arm
        let reward: Double = Double(random.uniform()) < means[arm] ? 1 : 0
        policy.observe(arm, reward: reward, in: round)
      }
    }
    return work(try BernoulliArms(drawn: arms).policy(name, seed: 1))
  }

  private func linearWork(_ name: String, _ arms: Int, _ width: Int) throws -> Work {
    var random = Philox(seed: 2, stream: 0)
    func vector() -> [Double] { (0..<width).map { _ in Double(random.normal()) / 4 } }
    let theta = (0..<arms).map { _ in vector() }
    // All arms see the same x, as MABWiser has it.
    let contexts = (0..<32).map { _ in vector() }
    let rounds = contexts.map { x in BanditRound(features: (0..<arms).flatMap { _ in x }) }
    func work(_ fresh: some BanditPolicy) -> Work {
      var (policy, next) = (fresh, 0)
      return Work(name) {
        let arm = policy.choose(rounds[next]).arm
        let mean = zip(theta[arm], contexts[next]).reduce(0) { $0 + $1.0 * $1.1 }
        policy.observe(arm, reward: mean + 0.1 * Double(random.normal()), in: rounds[next])
        next = (next + 1) % rounds.count
      }
    }
    let problem = LinearProblem(
      arms: arms, width: width, noise: 0.1, disjoint: name.hasSuffix("-arms"))
    return work(try problem.policy(name, seed: 1))
  }
}
