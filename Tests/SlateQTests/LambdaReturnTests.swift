import SlateQ
import Testing

/// Against Σ (1 − λ) λ^(n−1) of the n-step returns, each summed for itself.
@Suite("λ-returns")
struct LambdaReturnTests {
  /// Two users, four steps.
  private let rewards: [Float] = [1, 2, 0.5, -1, 3, 0, 2, 4]
  private let values: [Float] = [5, 6, 7, 8, 9, 10, 11, 12, 13, 14]

  private func expected(
    _ user: Int, _ step: Int, ended: Set<Int>, cut: [Int: Float], discount: Float, lambda: Float
  ) -> Float {
    /// r + γ r′ + … + γ^n V, which ends where the episode does.
    func returns(_ n: Int) -> (value: Float, isLast: Bool) {
      var (sum, weight) = (Float(0), Float(1))
      for later in step..<step + n {
        let place = later * 2 + user
        sum += weight * rewards[place]
        weight *= discount
        if ended.contains(place) { return (sum, true) }
        if let value = cut[place] { return (sum + weight * value, true) }
      }
      return (sum + weight * values[(step + n) * 2 + user], step + n == 4)
    }
    var (total, share) = (Float(0), Float(1))
    for n in 1...4 - step {
      let (value, isLast) = returns(n)
      if isLast { return total + share * value }
      total += share * (1 - lambda) * value
      share *= lambda
    }
    return total
  }

  @Test(
    "are the mixture of all n-step returns",
    arguments: [(Float(1), Float(0)), (1, 0.8), (0.9, 0.5), (0.7, 1), (0, 0.8)])
  func mixture(_ discount: Float, _ lambda: Float) {
    let (ended, cut): (Set<Int>, [Int: Float]) = ([2], [5: 2.5])
    let found = lambdaReturns(
      rewards: rewards, values: values, ended: rewards.indices.map { ended.contains($0) },
      cut: rewards.indices.map { cut[$0] }, users: 2, discount: discount, lambda: lambda)
    for step in 0..<4 {
      for user in 0..<2 {
        let wanted = expected(
          user, step, ended: ended, cut: cut, discount: discount, lambda: lambda)
        #expect(abs(found[step * 2 + user] - wanted) < 1e-4, "step \(step) of user \(user)")
      }
    }
  }
}
