import DRRCore
import OffPolicy
import Platform
import Tensor

/// How a policy of lists values what it does not know well: its index of an item's click rate.
public enum ListIndex: Codable, Equatable, Sendable {
  /// Any list.
  case random
  /// The mean; before any look, 1.
  case mean
  /// With this probability any list, otherwise that of the means.
  case epsilon(Double)
  /// mean + √(1.5 ln t / n), as CascadeUCB1 has it (Kveton et al. 2015).
  case ucb1
  /// max {q : n d(mean, q) ≤ ln t + 3 ln ln t}, as CascadeKL-UCB has it (Kveton et al. 2015).
  case klUCB
  /// A draw from Beta(1 + clicks, 1 + looks without a click).
  case thompson
}

/// A policy that shows lists of items in order and learns their click rates.
///
/// An item counts as looked at where the click model says so. With known probabilities to look at
/// each place the looks are not observed: an item then counts by those probabilities, so that
/// clicks by looks is an unbiased rate (Lagrée, Vernade & Cappé 2016).
public struct ListBandit: Codable, Sendable {
  public let index: ListIndex
  public let places: Int
  /// What orders a list: the indices alone, or what the click model makes of them and of payments.
  private let model: ClickModel?
  private var payments: [Double]
  public private(set) var looks: [Double]
  public private(set) var clicks: [Double]
  private var lists = 0
  private var random: Philox

  /// Lists of the highest indices in falling order, read as a cascade.
  public init(items: Int, places: Int, index: ListIndex, seed: UInt64) {
    self.init(items, places, index, nil, [], seed)
  }

  /// Lists that would earn the most if the indices were the rates.
  public init(
    payments: [Double], places: Int, model: ClickModel, index: ListIndex, seed: UInt64
  ) {
    self.init(payments.count, places, index, model, payments, seed)
  }

  private init(
    _ items: Int, _ places: Int, _ index: ListIndex, _ model: ClickModel?, _ payments: [Double],
    _ seed: UInt64
  ) {
    (self.index, self.places, self.model, self.payments) = (index, places, model, payments)
    looks = Array(repeating: 0, count: items)
    clicks = looks
    random = Philox(seed: seed, stream: Streams.banditPolicy)
  }

  public mutating func choose() -> [Int] {
    if case .random = index { return anyList() }
    if case .epsilon(let rate) = index, random.coin(rate) { return anyList() }
    // Equals stand in an order that is drawn anew for each list.
    let items = Array(looks.indices).shuffled(using: &random)
    let indices = items.map { value($0) }
    guard let model else {
      let order = indices.indices.sorted { (indices[$1], $0) < (indices[$0], $1) }
      return order.prefix(places).map { items[$0] }
    }
    return model.bestList(
      rates: indices.map { min(max($0, 0), 1) }, payments: items.map { payments[$0] },
      places: places
    ).map { items[$0] }
  }

  private mutating func anyList() -> [Int] {
    Array(Array(looks.indices).shuffled(using: &random).prefix(places))
  }

  private mutating func value(_ item: Int) -> Double {
    let (looks, clicks) = (looks[item], clicks[item])
    let t = Double(lists + 1)
    if index == .thompson { return random.beta(1 + clicks, 1 + max(looks - clicks, 0)) }
    if looks == 0 { return index == .ucb1 || index == .klUCB ? .infinity : 1 }
    let mean = clicks / looks
    switch index {
    case .ucb1: return mean + (1.5 * log(t) / looks).squareRoot()
    case .klUCB:
      let exploration = log(t) + (t >= 3 ? 3 * log(log(t)) : 0)
      return BernoulliDivergence.upperBound(min(mean, 1), exploration / looks)
    default: return mean
    }
  }

  public mutating func observe(_ list: [Int], _ feedback: ListFeedback) {
    lists += 1
    if case .positions(let examination)? = model {
      for (item, looked) in zip(list, examination) { looks[item] += looked }
    } else {
      for item in list.prefix(feedback.looked) { looks[item] += 1 }
    }
    for place in feedback.clicks { clicks[list[place]] += 1 }
  }

  func follows(_ fresh: Self) -> Bool {
    index == fresh.index && places == fresh.places && model == fresh.model
      && payments == fresh.payments && looks.follows(fresh.looks, Stored.totals)
      && clicks.follows(fresh.clicks, Stored.totals) && Stored.counts ~= lists
      && random.follows(fresh.random)
  }

  /// The same for items in another order; of one that has seen nothing.
  func reordered(_ order: [Int]) -> ListBandit {
    var other = self
    if model != nil { other.payments = order.map { payments[$0] } }
    return other
  }

  static func index(_ name: PolicyName) throws(ConfigurationError) -> ListIndex {
    switch name.word {
    case "random": .random
    case "exploit": .mean
    case "epsilon": .epsilon(try name.rate(0, 0.1))
    case "ucb1": .ucb1
    case "kl-ucb": .klUCB
    default: .thompson
    }
  }
}

/// Cascading bandits (Kveton et al. 2015): lists of K of L items, of which the first attractive one
/// is clicked; a click is a reward of 1.
public struct CascadeProblem: BanditProblem {
  public static let kind = "cascade"
  public static let policies = [
    "random", "exploit", "epsilon[:RATE]", "ucb1", "kl-ucb", "thompson",
  ]
  public static let usualPolicies = ["random", "exploit", "epsilon", "ucb1", "kl-ucb", "thompson"]

  /// The probability that each item attracts.
  public var attractions: [Double]
  /// K.
  public var places: Int

  public init(attractions: [Double], places: Int) {
    (self.attractions, self.places) = (attractions, places)
  }

  /// The paper's B_LB(L = 16, K, p = 0.2, Δ = 0.15): K items of p, the others of p − Δ.
  public init(items: Int = 16, places: Int = 4) {
    self.init(
      attractions: (0..<max(items, 0)).map { $0 < places ? 0.2 : 0.05 }, places: places)
  }

  public func validate() throws(ConfigurationError) {
    try ConfigurationError.require("the number of items", attractions.count, in: 1...100_000)
    for (item, value) in attractions.enumerated() {
      try ConfigurationError.require("the attraction of item \(item + 1)", value, "from 0 to 1") {
        (0...1).contains($0)
      }
    }
    try ConfigurationError.require(
      "the number of places", places, "1 ... \(attractions.count), the items"
    ) { (1...attractions.count).contains($0) }
  }

  public func trial(
    _ policy: String, seed: UInt64
  ) throws(ConfigurationError) -> any BanditTrial {
    let name = try PolicyName(policy, known: Self.policies)
    return ListTrial(
      ListBandit(
        items: attractions.count, places: places, index: try ListBandit.index(name), seed: seed),
      model: .cascade(continuation: 1), rates: attractions,
      payments: attractions.map { _ in 1 }, seed: seed)
  }

  public func bound(_ policy: String, seed: UInt64, after rounds: [Int]) -> RegretBound? {
    policy == "ucb1"
      ? RegretBounds.cascadeUCB1(attractions, places: places, after: rounds) : nil
  }
}

/// Ads that pay where they are clicked: which ones to show, and in which order, while their
/// click-through rates are learned. Pay-off = click-through rate × payment.
public struct AdProblem: BanditProblem {
  public static let kind = "ads"
  public static let policies = CascadeProblem.policies
  public static let usualPolicies = CascadeProblem.usualPolicies

  /// Of each ad, the probability of a click where it is looked at.
  public var rates: [Double]
  /// Paid for a click.
  public var payments: [Double]
  public var places: Int
  public var model: ClickModel

  public init(rates: [Double], payments: [Double], places: Int, model: ClickModel) {
    (self.rates, self.payments, self.places, self.model) = (rates, payments, places, model)
  }

  public func validate() throws(ConfigurationError) {
    try ConfigurationError.require("the number of ads", rates.count, in: 1...1_000)
    for (ad, rate) in rates.enumerated() {
      try ConfigurationError.require("the click rate of ad \(ad + 1)", rate, "from 0 to 1") {
        (0...1).contains($0)
      }
    }
    try ConfigurationError.require(
      "the number of payments", payments.count, "\(rates.count), one an ad"
    ) { $0 == rates.count }
    for (ad, payment) in payments.enumerated() {
      try ConfigurationError.require(
        "the payment of ad \(ad + 1)", payment, "0 or more and at most 1e9"
      ) { (0...1e9).contains($0) }
    }
    try ConfigurationError.require(
      "the number of places", places, "1 ... \(rates.count), the ads"
    ) { (1...rates.count).contains($0) }
    try model.validate()
    if case .positions(let examination) = model, examination.count != places {
      throw ConfigurationError(
        "there are \(examination.count) probabilities to look at a place; "
          + "there must be \(places), one a place")
    }
  }

  public var bestList: [Int] {
    model.bestList(rates: rates, payments: payments, places: places)
  }

  public func trial(
    _ policy: String, seed: UInt64
  ) throws(ConfigurationError) -> any BanditTrial {
    let name = try PolicyName(policy, known: Self.policies)
    return ListTrial(
      ListBandit(
        payments: payments, places: places, model: model, index: try ListBandit.index(name),
        seed: seed), model: model, rates: rates, payments: payments, seed: seed)
  }

  public func bound(_ policy: String, seed: UInt64, after rounds: [Int]) -> RegretBound? { nil }
}

/// A policy of lists before people who look and click as the model says.
struct ListTrial: BanditTrial {
  private let model: ClickModel
  private let rates: [Double]
  private let payments: [Double]
  private let most: Double
  private var policy: ListBandit
  private var people: Philox
  private var clicks = 0
  private var lists = 0

  init(
    _ policy: ListBandit, model: ClickModel, rates: [Double], payments: [Double], seed: UInt64
  ) {
    // In an order that is drawn: no item is favoured by standing first.
    var instance = Philox(seed: seed, stream: Streams.banditInstance)
    let order = rates.indices.shuffled(using: &instance)
    (self.policy, self.model) = (policy.reordered(order), model)
    (self.rates, self.payments) = (order.map { rates[$0] }, order.map { payments[$0] })
    let best = model.bestList(
      rates: self.rates, payments: self.payments, places: policy.places)
    most = model.revenue(best, rates: self.rates, payments: self.payments)
    people = Philox(seed: seed, stream: Streams.banditRewards)
  }

  mutating func play() -> BanditPlay {
    let list = policy.choose()
    let feedback = model.draw(list, rates: rates, &people)
    policy.observe(list, feedback)
    lists += 1
    clicks += feedback.clicks.count
    let regret = max(0, most - model.revenue(list, rates: rates, payments: payments))
    return BanditPlay(
      reward: feedback.clicks.reduce(0) { $0 + payments[list[$1]] }, regret: regret,
      isBest: regret <= 1e-12 * most)
  }

  func follows(_ fresh: Self) -> Bool {
    model == fresh.model && rates == fresh.rates && payments == fresh.payments
      && most == fresh.most && policy.follows(fresh.policy) && people.follows(fresh.people)
      && Stored.counts ~= clicks && Stored.counts ~= lists
  }

  var figures: [String: Double] { ["clicks a list": Double(clicks) / Double(max(lists, 1))] }
}
