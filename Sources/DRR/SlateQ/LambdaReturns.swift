/// λ-returns of B users over T steps that follow each other (Sutton & Barto 2018, equation 12.20):
///
///     G_t = r_t + γ c_t ((1 − λ) V_{t+1} + λ G_{t+1}),   G_T = V_T,
///
/// where c_t is 0 if the episode ended for good. Where it was cut off, V of what was seen last stands
/// for G_{t+1}.
///
/// - Parameters:
///   - rewards: [T · B], user after user of a step.
///   - values: [(T + 1) · B], what is thought of the slates that were shown, and of what follows.
///   - ended: [T · B], whether the episode ended for good.
///   - cut: [T · B], V of what was seen last where the episode was cut off; nil elsewhere.
/// - Returns: [T · B].
package func lambdaReturns(
  rewards: [Float], values: [Float], ended: [Bool], cut: [Float?], users: Int, discount: Float,
  lambda: Float
) -> [Float] {
  let steps = rewards.count / users
  var returns = [Float](repeating: 0, count: steps * users)
  for user in 0..<users {
    var next = values[steps * users + user]
    for step in (0..<steps).reversed() {
      let place = step * users + user
      let after: Float =
        if ended[place] { 0 } else if let value = cut[place] { value } else {
          (1 - lambda) * values[place + users] + lambda * next
        }
      next = rewards[place] + discount * after
      returns[place] = next
    }
  }
  return returns
}
