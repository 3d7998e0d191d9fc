import DRRCore
import OffPolicy
import Tensor

/// How a user goes through a list of ads, and when they click. Ad i is clicked, where it is looked
/// at, with probability p_i, its click-through rate.
public enum ClickModel: Codable, Hashable, Sendable {
  /// From the first to the last; the user leaves at a click, and behind an ad without one looks at
  /// the next with this probability (Craswell et al. 2008 have 1).
  case cascade(continuation: Double)
  /// Place k is looked at with probability `examination[k]`, whatever is clicked.
  case positions(examination: [Double])

  public func validate() throws(ConfigurationError) {
    let all =
      switch self {
      case .cascade(let continuation): [continuation]
      case .positions(let examination): examination
      }
    for value in all {
      try ConfigurationError.require("a probability to look", value, "from 0 to 1") {
        (0...1).contains($0)
      }
    }
    guard case .positions(let examination) = self else { return }
    guard !examination.isEmpty, zip(examination, examination.dropFirst()).allSatisfy({ $0 >= $1 })
    else {
      throw ConfigurationError(
        "the probabilities to look at each place are \(examination); they must not rise, and there "
          + "must be one at least")
    }
  }

  /// What a list is expected to earn: Σ_k Pr(place k is looked at) p_k v_k, for payments v a click.
  public func revenue(_ list: [Int], rates: [Double], payments: [Double]) -> Double {
    switch self {
    case .cascade(let continuation):
      var (sum, looks) = (0.0, 1.0)
      for ad in list {
        sum += looks * rates[ad] * payments[ad]
        looks *= continuation * (1 - rates[ad])
      }
      return sum
    case .positions(let examination):
      return zip(list, examination).reduce(0) { $0 + $1.1 * rates[$1.0] * payments[$1.0] }
    }
  }

  /// The list of `places` ads, in order, that earns the most.
  ///
  /// Positions: a falling order of p v, by the rearrangement inequality: the best product to the
  /// best place.
  ///
  /// Cascade: with continuation c_i = γ (1 − p_i), two neighbours i, j of a list are worth
  /// p_i v_i + c_i p_j v_j one way and p_j v_j + c_j p_i v_i the other, and what stands before and
  /// behind them is worth the same: i goes first just where p_i v_i / (1 − c_i) is the larger. So
  /// all ads stand in a falling order of that, for γ = 1 of the payments alone, and the best subset
  /// is found from the back: with W(i, k) the most that k of the ads from the i-th of that order on
  /// are worth, W(i, k) = max(W(i + 1, k), p_i v_i + c_i W(i + 1, k − 1))
  /// (Kempe & Mahdian 2008; Aggarwal et al. 2008).
  public func bestList(rates: [Double], payments: [Double], places: Int) -> [Int] {
    let ads = Array(rates.indices)
    let places = min(places, ads.count)
    switch self {
    case .positions(let examination):
      let order = sorted(ads) { rates[$0] * payments[$0] }
      return Array(order.prefix(min(places, examination.count)))
    case .cascade(let continuation):
      let next = rates.map { continuation * (1 - $0) }
      let order = sorted(ads) { ad in
        let worth = rates[ad] * payments[ad]
        // An ad that is never clicked and never stops the user costs nothing and earns nothing.
        return worth == 0 ? 0 : worth / (1 - next[ad])
      }
      return bestSubset(order, places) { worth, ad in
        rates[ad] * payments[ad] + next[ad] * worth
      }
    }
  }

  /// Equals in the order of their numbers.
  private func sorted(_ ads: [Int], _ index: (Int) -> Double) -> [Int] {
    let values = ads.map(index)
    return ads.sorted { (values[$1], $0) < (values[$0], $1) }
  }

  /// `worth(rest, ad)`: of a list that begins with an ad, whose rest is worth `rest`.
  private func bestSubset(
    _ order: [Int], _ places: Int, _ worth: (Double, Int) -> Double
  ) -> [Int] {
    let count = order.count
    // [count + 1, places + 1]; exactly k ads, impossible where fewer are left.
    var most = Array(
      repeating: [0.0] + Array(repeating: -Double.infinity, count: places), count: count + 1)
    for place in order.indices.reversed() {
      for k in 0..<places where most[place + 1][k] > -.infinity {
        most[place][k + 1] = max(most[place + 1][k + 1], worth(most[place + 1][k], order[place]))
      }
    }
    var (list, left) = ([Int](), places)
    for place in order.indices where left > 0 {
      if worth(most[place + 1][left - 1], order[place]) >= most[place + 1][left] {
        list.append(order[place])
        left -= 1
      }
    }
    return list
  }
}

/// What a user did with a list: how many of its ads they looked at, and the places that they
/// clicked.
public struct ListFeedback: Equatable, Sendable {
  public var looked: Int
  public var clicks: [Int]

  public init(looked: Int, clicks: [Int]) { (self.looked, self.clicks) = (looked, clicks) }
}

extension ClickModel {
  /// A person's way through a list.
  func draw(_ list: [Int], rates: [Double], _ random: inout Philox) -> ListFeedback {
    var clicks: [Int] = []
    switch self {
    case .cascade(let continuation):
      for (place, ad) in list.enumerated() {
        if random.coin(rates[ad]) { return ListFeedback(looked: place + 1, clicks: [place]) }
        if place + 1 < list.count, !random.coin(continuation) {
          return ListFeedback(looked: place + 1, clicks: [])
        }
      }
    case .positions(let examination):
      for (place, (ad, looks)) in zip(list, examination).enumerated()
      where random.coin(looks * rates[ad]) {
        clicks.append(place)
      }
    }
    return ListFeedback(looked: list.count, clicks: clicks)
  }
}
