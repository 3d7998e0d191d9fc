import DRRCore
import Tensor

/// An exhibition in which a mobile guide recommends one exhibit after another to visitors, whose
/// satisfaction, from 0 to 1, is the reward. Regret is counted against the guide that knows what
/// each exhibit is expected to be worth to this visitor now, which is the best choice of a step,
/// not of a visit.
public struct ExhibitionProblem: BanditProblem {
  public static let kind = "exhibition"
  public static let policies =
    ["random", "nearest", "popular", "oracle", "ucb1", "thompson"]
    + ["linucb[:ALPHA]", "lin-thompson[:SCALE]", "lin-epsilon[:RATE]"]
    + PersonalisationPart.allCases.flatMap { ["no-\($0.rawValue)", "only-\($0.rawValue)"] }
  public static let usualPolicies = [
    "random", "nearest", "popular", "ucb1", "thompson", "linucb", "lin-thompson", "lin-epsilon",
    "oracle",
  ]
  /// LinUCB without each part of the features, and with nothing but it.
  public static let ablation =
    ["random", "linucb"]
    + PersonalisationPart.allCases.flatMap { ["no-\($0.rawValue)", "only-\($0.rawValue)"] }

  public var rooms: Int
  public var exhibitsPerRoom: Int
  /// Other visitors at the fullest hour.
  public var crowd: Int

  public init(rooms: Int = 6, exhibitsPerRoom: Int = 4, crowd: Int = 120) {
    (self.rooms, self.exhibitsPerRoom, self.crowd) = (rooms, exhibitsPerRoom, crowd)
  }

  public func validate() throws(ConfigurationError) {
    try ConfigurationError.require("the number of rooms", rooms, in: 1...100)
    try ConfigurationError.require("the number of exhibits a room", exhibitsPerRoom, in: 1...100)
    try ConfigurationError.require("the number of other visitors", crowd, in: 0...100_000)
  }

  public func trial(
    _ policy: String, seed: UInt64
  ) throws(ConfigurationError) -> any BanditTrial {
    let name = try PolicyName(policy, known: Self.policies)
    let arms = rooms * exhibitsPerRoom
    func trial(_ policy: some BanditPolicy, _ view: GuideView) -> any BanditTrial {
      ExhibitionTrial(policy, view, self, seed: seed)
    }
    func linear(
      _ parts: [PersonalisationPart],
      _ make: (LinearBelief) throws(ConfigurationError) -> any BanditPolicy
    ) throws(ConfigurationError) -> any BanditTrial {
      let view = GuideView.parts(parts)
      return trial(
        try make(LinearBelief(arms: arms, width: view.width, disjoint: false)), view)
    }
    let all = PersonalisationPart.allCases
    switch name.word {
    case "random": return trial(RandomPolicy(arms: arms, seed: seed), .none)
    case "nearest": return trial(HighestFeaturePolicy(arms: arms, seed: seed), .nearness)
    case "popular": return trial(HighestFeaturePolicy(arms: arms, seed: seed), .popularity)
    case "oracle": return trial(HighestFeaturePolicy(arms: arms, seed: seed), .truth)
    case "ucb1": return trial(UCB1Policy(arms: arms, seed: seed), .none)
    case "thompson": return trial(ThompsonPolicy(arms: arms, seed: seed), .none)
    case "lin-thompson":
      return try linear(all) { (belief) throws(ConfigurationError) in
        LinearThompsonPolicy(belief, scale: try name.positive(0, 0.1), seed: seed)
      }
    case "lin-epsilon":
      return try linear(all) { (belief) throws(ConfigurationError) in
        LinearGreedyPolicy(belief, rate: .constant(try name.rate(0, 0.05)), seed: seed)
      }
    default:
      let part = name.word.split(separator: "-").last.flatMap {
        PersonalisationPart(rawValue: String($0))
      }
      let parts =
        part.map { part in name.word.hasPrefix("no-") ? all.filter { $0 != part } : [part] } ?? all
      return try linear(parts) { (belief) throws(ConfigurationError) in
        LinUCBPolicy(belief, radius: .fixed(try name.positive(0, 0.1)), seed: seed)
      }
    }
  }

  public func bound(_ policy: String, seed: UInt64, after rounds: [Int]) -> RegretBound? { nil }
}

/// The arm of the highest single feature: a rule that learns nothing.
struct HighestFeaturePolicy: BanditPolicy {
  let armCount: Int
  private var random: Philox

  init(arms: Int, seed: UInt64) {
    armCount = arms
    random = Philox(seed: seed, stream: Streams.banditPolicy)
  }

  mutating func choose(_ round: BanditRound) -> BanditChoice {
    round.best(of: armCount, &random) { round.features[$0] }.choice
  }
  mutating func observe(_ arm: Int, reward: Double, in round: BanditRound) {}
  func probabilities(_ round: BanditRound) -> [Double]? {
    round.greedy(of: armCount) { round.features[$0] }
  }

  func follows(_ fresh: Self) -> Bool {
    armCount == fresh.armCount && random.follows(fresh.random)
  }
}

/// An exhibition at one moment of one visit.
struct ExhibitionState: Codable, Sendable {
  /// Satisfactions that the guide has seen of an exhibit.
  struct Record: Codable, Sendable {
    var sum = 0.0
    var count = 0.0
  }

  let plan: ExhibitionPlan
  var crowd: ExhibitionCrowd
  var visitor: ExhibitionVisitor
  var records: [Record]
  /// How many of the crowd were seen before each exhibit, and in all.
  var crowdRecord: [Double]
  var crowdSeen = 0.0
  private var visitors: Philox

  init(_ problem: ExhibitionProblem, seed: UInt64) {
    plan = ExhibitionPlan(
      rooms: problem.rooms, exhibitsPerRoom: problem.exhibitsPerRoom, seed: seed)
    crowd = ExhibitionCrowd(plan, people: problem.crowd, seed: seed)
    visitors = Philox(seed: seed, stream: Streams.exhibitionVisitors)
    visitor = ExhibitionVisitor(&visitors)
    records = Array(repeating: Record(), count: plan.exhibits.count)
    crowdRecord = Array(repeating: 0, count: plan.exhibits.count)
    crowd.open(hour: visitor.hour)
  }

  /// The expected satisfaction of this visitor with an exhibit now. A crowd beyond its capacity
  /// spoils it, the more the more the visitor minds; so do tired legs, haste and noise.
  func satisfaction(_ exhibit: Int) -> Double {
    let there = plan.exhibits[exhibit]
    let over = max(0, Double(crowd.counts[exhibit]) / there.capacity - 1)
    let tiredness = 1 - visitor.energy
    let repeated = visitor.seen.reduce(0.0) {
      $0 + dot(plan.exhibits[$1].themes, there.themes)
    }
    let value =
      0.45 + 0.9 * (dot(visitor.taste, there.themes) - 0.2) + there.quality
      - (0.1 + 0.5 * visitor.sensitivity) * min(over, 2) / 2
      - 0.3 * tiredness * plan.distance(visitor.place, exhibit) / 30
      - 0.2 * tiredness * there.duration / 7 - 0.25 * closing * there.duration / 7
      - 0.1 * repeated / Double(max(visitor.seen.count, 1))
      - 0.1 * plan.loudness[there.room]
      + (visitor.isWithChildren && there.isHandsOn ? 0.25 : 0)
    return min(max(value, 0), 1)
  }

  /// The visitor goes there, looks, and is so satisfied. Returns whether the visit is over.
  mutating func visit(_ exhibit: Int, reward: Double) -> Bool {
    let there = plan.exhibits[exhibit]
    let distance = plan.distance(visitor.place, exhibit)
    let minutes = there.duration + distance / 30
    visitor.energy -= 0.002 * distance + 0.008 * there.duration + 0.03
    visitor.patience -= max(0, 0.5 - reward)
    visitor.hour += minutes / 480
    visitor.place = exhibit
    visitor.seen.append(exhibit)
    visitor.rewards.append(reward)
    records[exhibit].sum += reward
    records[exhibit].count += 1
    crowd.advance(minutes: minutes, hour: min(visitor.hour, 1))
    for other in crowdRecord.indices { crowdRecord[other] += Double(crowd.counts[other]) }
    crowdSeen += Double(crowd.counts.reduce(0, +))
    return visitor.energy <= 0 || visitor.patience <= 0 || visitor.hour >= 1
      || visitor.seen.count == plan.exhibits.count
  }

  func follows(_ fresh: Self) -> Bool {
    plan == fresh.plan && crowd.follows(fresh.crowd) && visitor.isSound
      && records.count == fresh.records.count
      && records.allSatisfy { Stored.totals ~= $0.sum && Stored.totals ~= $0.count }
      && crowdRecord.follows(fresh.crowdRecord, Stored.totals) && Stored.totals ~= crowdSeen
      && visitors.follows(fresh.visitors) && placesAreThere
  }

  /// Whether all that names an exhibit names one that there is, and one is left to be seen.
  private var placesAreThere: Bool {
    let (count, seen) = (plan.exhibits.count, visitor.seen)
    var present = [Int](repeating: 0, count: count)
    for place in crowd.places {
      guard let place else { continue }
      guard 0..<count ~= place else { return false }
      present[place] += 1
    }
    return present == crowd.counts && seen.allSatisfy { 0..<count ~= $0 }
      && Set(seen).count == seen.count && seen.count < count
      && visitor.rewards.count == seen.count && visitor.place == seen.last
  }

  mutating func nextVisitor() {
    visitor = ExhibitionVisitor(&visitors)
    crowd.open(hour: visitor.hour)
  }
}

/// A guide at work in an exhibition, visitor after visitor; a round is a recommendation.
struct ExhibitionTrial<Policy: BanditPolicy>: BanditTrial {
  private var state: ExhibitionState
  private var policy: Policy
  private let view: GuideView
  private var noise: Philox
  private var visits = 0
  private var steps = 0
  private var satisfaction = 0.0
  private var overcrowded = 0

  init(_ policy: Policy, _ view: GuideView, _ problem: ExhibitionProblem, seed: UInt64) {
    (self.policy, self.view) = (policy, view)
    state = ExhibitionState(problem, seed: seed)
    noise = Philox(seed: seed, stream: Streams.exhibitionRewards)
  }

  mutating func play() -> BanditPlay {
    let round = state.round(view)
    let exhibit = policy.choose(round).arm
    let expected = state.satisfaction(exhibit)
    let most = (round.available ?? []).reduce(0.0) { max($0, state.satisfaction($1)) }
    let reward = min(max(expected + 0.1 * noise.gaussian(), 0), 1)
    if Double(state.crowd.counts[exhibit]) > state.plan.exhibits[exhibit].capacity {
      overcrowded += 1
    }
    policy.observe(exhibit, reward: reward, in: round)
    steps += 1
    satisfaction += reward
    if state.visit(exhibit, reward: reward) {
      visits += 1
      state.nextVisitor()
    }
    return BanditPlay(reward: reward, regret: most - expected, isBest: expected == most)
  }

  func follows(_ fresh: Self) -> Bool {
    state.follows(fresh.state) && policy.follows(fresh.policy) && view == fresh.view
      && noise.follows(fresh.noise) && Stored.counts ~= visits && Stored.counts ~= steps
      && Stored.totals ~= satisfaction && Stored.counts ~= overcrowded
  }

  var figures: [String: Double] {
    let visits = Double(max(visits, 1))
    return [
      "exhibits a visit": Double(steps) / visits, "satisfaction a visit": satisfaction / visits,
      "overcrowded": Double(overcrowded) / Double(max(steps, 1)),
    ]
  }
}
