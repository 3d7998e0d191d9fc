import Bandits
import Foundation
import Tensor
import Testing

/// All lists of so many of the ads.
private func allLists(_ ads: [Int], _ places: Int) -> [[Int]] {
  if places == 0 { return [[]] }
  return ads.flatMap { ad in
    allLists(ads.filter { $0 != ad }, places - 1).map { [ad] + $0 }
  }
}

@Suite("Ads and lists")
struct ClickModelTests {
  /// What a list earns, by going through all that may happen.
  private func revenue(
    _ model: ClickModel, _ list: ArraySlice<Int>, _ rates: [Double], _ payments: [Double]
  ) -> Double {
    guard let ad = list.first else { return 0 }
    switch model {
    case .cascade(let continuation):
      return rates[ad] * payments[ad]
        + (1 - rates[ad]) * continuation
        * revenue(model, list.dropFirst(), rates, payments)
    case .positions(let examination):
      return examination[list.startIndex] * rates[ad] * payments[ad]
        + revenue(model, list.dropFirst(), rates, payments)
    }
  }

  @Test("the list that is said to earn the most does, among all lists in all orders")
  func best() {
    var random = Philox(seed: 11, stream: 1)
    for trial in 0..<120 {
      let count = 3 + trial % 4
      let rates = (0..<count).map { _ in Double.random(in: 0...1, using: &random) }
      var payments = (0..<count).map { _ in Double.random(in: 0...5, using: &random) }
      if trial % 10 == 0 { payments[0] = 0 }
      for places in 1...count {
        let examination = (0..<places).map { 1 / Double($0 + 1) }
        for model in [
          ClickModel.cascade(continuation: [1, 0.9, 0.5, 0][trial % 4]),
          .positions(examination: examination),
        ] {
          let found = model.bestList(rates: rates, payments: payments, places: places)
          #expect(found.count == places && Set(found).count == places)
          let earned = model.revenue(found, rates: rates, payments: payments)
          #expect(abs(earned - revenue(model, found[...], rates, payments)) < 1e-12)
          let most = allLists(Array(0..<count), places).reduce(0.0) {
            max($0, revenue(model, $1[...], rates, payments))
          }
          #expect(abs(earned - most) < 1e-12, "\(model) \(rates) \(payments): \(found)")
        }
      }
    }
  }

  @Test("which order is best depends on how people read")
  func orders() {
    let (rates, payments) = ([0.9, 0.2, 0.4], [1.0, 3, 2])
    // All ads are read until a click: the payment alone counts.
    #expect(
      ClickModel.cascade(continuation: 1).bestList(rates: rates, payments: payments, places: 3)
        == [1, 2, 0])
    // Nobody reads on: p v, and the rest hardly counts.
    #expect(
      ClickModel.cascade(continuation: 0).bestList(rates: rates, payments: payments, places: 1)
        == [0])
    #expect(
      ClickModel.positions(examination: [1, 0.5, 0.1]).bestList(
        rates: rates, payments: payments, places: 3) == [0, 2, 1])
  }

  @Test("policies learn the list that earns the most", arguments: [0.5, 1])
  func learns(continuation: Double) throws {
    let problem = AdProblem(
      rates: [0.5, 0.2, 0.4], payments: [1, 3, 2], places: 2,
      model: .cascade(continuation: continuation))
    var experiment = try BanditExperiment(
      BanditConfiguration(
        problem, policies: ["random", "ucb1", "kl-ucb", "thompson"], rounds: 4_000, seeds: 3,
        seed: 1))
    while !experiment.isDone { try experiment.advance(rounds: 4_000) }
    let half = try #require(experiment.marks.firstIndex { $0 >= 2_000 })
    let late = BanditReport(experiment).rows.map { $0.regret.mean - $0.curve[half].mean }
    for regret in late[1...] { #expect(regret < 0.3 * late[0], "\(late)") }
  }

  @Test("behind a click nothing was looked at; of places, looks are counted by their chance")
  func feedback() {
    var policy = ListBandit(items: 4, places: 3, index: .ucb1, seed: 1)
    policy.observe([2, 0, 1], ListFeedback(looked: 2, clicks: [1]))
    #expect(policy.looks == [1, 0, 1, 0] && policy.clicks == [1, 0, 0, 0])
    // Items that nobody has looked at come first, in an order that is drawn.
    let lists = Set((0..<40).map { _ in policy.choose() })
    #expect(lists == [[1, 3, 0], [3, 1, 0]])
    var places = ListBandit(
      payments: [1, 1, 1], places: 2, model: .positions(examination: [1, 0.25]), index: .mean,
      seed: 1)
    places.observe([2, 1], ListFeedback(looked: 2, clicks: [0]))
    #expect(places.looks == [0, 0.25, 1] && places.clicks == [0, 0, 1])
  }

  @Test("CascadeUCB1 goes by mean + √(1.5 ln t / n)")
  func cascadeIndex() {
    var policy = ListBandit(items: 2, places: 1, index: .ucb1, seed: 1)
    var sums = [0.0, 0]
    var counts = [0.0, 0]
    for turn in 1...60 {
      let list = policy.choose()
      let t = Double(turn)
      let indices = (0..<2).map { item in
        counts[item] == 0
          ? .infinity : sums[item] / counts[item] + (1.5 * log(t) / counts[item]).squareRoot()
      }
      #expect(indices[list[0]] == indices.max())
      // Item 0 is clicked every other time, item 1 never.
      let isClick = list == [0] && turn % 2 == 0
      counts[list[0]] += 1
      if isClick { sums[list[0]] += 1 }
      policy.observe(list, ListFeedback(looked: 1, clicks: isClick ? [0] : []))
    }
    #expect(counts[1] > 5)
  }
}
