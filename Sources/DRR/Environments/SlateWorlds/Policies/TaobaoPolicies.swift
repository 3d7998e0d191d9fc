import DRRCore
import Platform
import Tensor

extension WorldPolicy<VirtualTaobao> {
  /// Random; always 0; the mean of the random actions that were clicked most, for everybody; one
  /// action for everybody, climbed on the networks over users that no evaluation meets; and that of
  /// each user and page, climbed likewise.
  public static func known(for networks: VirtualTaobaoNetworks, seed: UInt64) -> [Self] {
    let constant = TaobaoAscent(networks).constant(seed: seed)
    let clicked = meanOfMostClicked(networks, seed: seed)
    return [
      Self("random", choose: randomAction),
      Self("zeros") { _, _ in Array(repeating: 0, count: VirtualTaobao.actionWidth) },
      Self("mean of random actions with most clicks") { _, _ in clicked },
      Self("constant, by the networks", readsHidden: true) { _, _ in constant },
      Self("best by user and page, by the networks", readsHidden: true) {
        let ascent = TaobaoAscent(networks)
        var last: [[Float]] = []
        return { world in
          if last.isEmpty { last = Array(repeating: [], count: world.count) }
          for row in 0..<world.count where !world.rows.hasEnded(row) {
            let user = Array(world.rows.observation.user(row).prefix(VirtualTaobao.features))
            var random = world.rows.policyDraws(row)
            last[row] = ascent.action(
              user, page: Float(world.rows.steps[row]), from: last[row], &random)
          }
          return last.flatMap { $0 }
        }
      },
    ]
  }

  /// An action of which every number is drawn evenly from [−1, 1].
  private static func randomAction(_ world: VirtualTaobao, _ row: Int) -> [Float] {
    var random = world.rows.policyDraws(row)
    return (0..<VirtualTaobao.actionWidth).map { _ in 2 * random.uniform() - 1 }
  }

  /// The mean of the random actions that earned the most clicks of 20,000 pages, of users that no
  /// evaluation meets: what is known of the world without learning.
  private static func meanOfMostClicked(
    _ networks: VirtualTaobaoNetworks, seed: UInt64
  ) -> [Float] {
    var world = VirtualTaobao(networks, count: 200, first: WorldTrial.learners, seed: seed)
    let width = VirtualTaobao.actionWidth
    var (most, count, sum) = (Float(0), Float(0), [Float](repeating: 0, count: width))
    for _ in 0..<100 {
      let actions = (0..<world.count).flatMap { randomAction(world, $0) }
      world.step(actions)
      for row in 0..<world.count where world.rows.rewards[row] >= most {
        if world.rows.rewards[row] > most {
          (most, count, sum) = (world.rows.rewards[row], 0, [Float](repeating: 0, count: width))
        }
        count += 1
        for place in 0..<width { sum[place] += actions[row * width + place] }
      }
      world.beginEnded()
    }
    return sum.map { $0 / max(count, 1) }
  }
}

/// Climbs the expected clicks of VirtualTaobao's action network by its gradient (Adam, on the
/// inverse tangent of the action). Its softmax is so steep that a slope is felt only at a higher
/// temperature, which is lowered on the way.
struct TaobaoAscent {
  private static let steps = 80
  private let networks: VirtualTaobaoNetworks

  init(_ networks: VirtualTaobaoNetworks) { self.networks = networks }

  /// One action for users that are drawn for this, each at one of their first pages.
  func constant(seed: UInt64) -> [Float] {
    let world = VirtualTaobao(networks, count: 64, first: WorldTrial.learners, seed: seed)
    let states = (0..<world.count).map {
      (Array(world.rows.observation.user($0).prefix(VirtualTaobao.features)), Float($0 % 8))
    }
    var random = world.rows.policyDraws(0)
    return climb(states, (0..<4).map { _ in start(&random) }).action
  }

  /// The best action for a user and a page; that of the page before is kept where it is as good.
  func action(
    _ user: [Float], page: Float, from last: [Float], _ random: inout Philox
  ) -> [Float] {
    if !last.isEmpty, clicks([(user, page)], last) > 9.9 { return last }
    return climb([(user, page)], (0..<2).map { _ in start(&random) }).action
  }

  private func start(_ random: inout Philox) -> [Float] {
    (0..<VirtualTaobao.actionWidth).map { _ in 0.3 * random.normal() }
  }

  private typealias State = (user: [Float], page: Float)

  private func climb(
    _ states: [State], _ starts: [[Float]]
  ) -> (action: [Float], clicks: Double) {
    starts.map { start -> (action: [Float], clicks: Double) in
      var point = start
      let spread = spread(states[0], point)
      var (mean, square) = (point.map { _ in Float(0) }, point.map { _ in Float(0) })
      for step in 1...Self.steps {
        let temperature = max(1, spread * (1 - Float(step - 1) / Float(Self.steps - 10)))
        let action = point.map { tanh($0) }
        let slope = gradient(states, action, temperature: temperature)
        for place in point.indices {
          let slope = slope[place] * (1 - action[place] * action[place])
          mean[place] = 0.9 * mean[place] + 0.1 * slope
          square[place] = 0.999 * square[place] + 0.001 * slope * slope
          let (m, v) = (
            mean[place] / (1 - pow(0.9, Float(step))),
            square[place] / (1 - pow(0.999, Float(step)))
          )
          point[place] += 0.1 * m / (v.squareRoot() + 1e-8)
        }
      }
      let action = point.map { tanh($0) }
      return (action, clicks(states, action))
    }.max { $0.clicks < $1.clicks }!
  }

  /// Standard deviation of the logits of clicks.
  private func spread(_ state: State, _ point: [Float]) -> Float {
    let logits = networks.response(state.user, page: state.page, point.map { tanh($0) })
      .prefix(VirtualTaobao.pageClicks + 1)
    let mean = logits.reduce(0, +) / Float(logits.count)
    return (logits.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(logits.count)).squareRoot()
  }

  /// Mean expected clicks.
  private func clicks(_ states: [State], _ action: [Float]) -> Double {
    states.reduce(0) { sum, state in
      let shares = shares(networks.response(state.user, page: state.page, action), 1)
      return sum + zip(shares, 0...).reduce(0) { $0 + $1.0 * Double($1.1) }
    } / Double(states.count)
  }

  /// ∂/∂action of the sum of expected clicks at a temperature.
  private func gradient(_ states: [State], _ action: [Float], temperature: Float) -> [Float] {
    var sum = [Float](repeating: 0, count: action.count)
    var scratch = VirtualTaobaoNetworks.Scratch()
    for state in states {
      let logits = networks.response(
        state.user[...], page: state.page, action[...], &scratch)
      let shares = shares(logits, temperature)
      let expected = zip(shares, 0...).reduce(0) { $0 + $1.0 * Double($1.1) }
      var slope = [Float](repeating: 0, count: logits.count)
      for (clicks, share) in shares.enumerated() {
        slope[clicks] = Float(share * (Double(clicks) - expected)) / temperature
      }
      for (place, value) in networks.actionGradient(slope, scratch).enumerated() {
        sum[place] += value
      }
    }
    return sum
  }

  /// Probabilities of 0 ... 10 clicks.
  private func shares(_ logits: [Float], _ temperature: Float) -> [Double] {
    let clicks = logits.prefix(VirtualTaobao.pageClicks + 1)
    let most = clicks.max()!
    let weights = clicks.map { exp(Double(($0 - most) / temperature)) }
    let sum = weights.reduce(0, +)
    return weights.map { $0 / sum }
  }
}
