import Tensor

/// DRR on the vectors of a PMF: the state's user and items, and the items that actions score.
public final class DRRAgent {
  public let ddpg: DDPG
  public let window: Int
  /// [N, k]
  public let items: Tensor
  /// [U + 1, k]; the last row is for a guest.
  public let users: Tensor

  public var backend: any Backend { ddpg.backend }
  public var itemCount: Int { items.shape[0] }
  /// The row of `users` that `setGuest` fills.
  public var guest: Int32 { Int32(users.shape[0] - 1) }

  public init(
    _ configuration: DRRConfiguration, model: PMFModel, seed: UInt64, on backend: any Backend
  ) throws(ConfigurationError) {
    try configuration.validate()
    let k = model.dimension
    window = configuration.window
    let users = Tensor(
      model.userFactors + [Float](repeating: 0, count: k), shape: [model.userCount + 1, k],
      on: backend)
    let items = Tensor(model.itemFactors, shape: [model.itemCount, k], on: backend)
    self.users = users
    self.items = items
    ddpg = try DDPG(configuration.ddpg, actionWidth: k, seed: seed, on: backend) { parameters in
      configuration.state.make(
        users: users, items: items, window: configuration.window, in: parameters)
    }
  }

  /// Gives the guest a vector of length k.
  public func setGuest(_ vector: [Float]) {
    let k = users.shape[1]
    require(vector.count == k, "guest: \(vector.count) numbers, want \(k)")
    backend.write(vector, to: users.view[Int(guest) * k..<(Int(guest) + 1) * k])
  }

  /// Actions for states, each a user row followed by `window` item rows (−1 for none): [B, k].
  public func act(_ states: [[Int32]]) -> Tensor {
    ddpg.act(IndexTensor(states.flatMap { $0 }, shape: [states.count, 1 + window], on: backend))
  }

  /// The best items for one state, best first, fewer where fewer are allowed.
  public func recommend(
    _ state: SessionState, count: Int, allowed: ItemMask
  ) throws(BackendError) -> [(item: Int, score: Float)] {
    let mask = DeviceMask(rows: 1, items: itemCount, on: backend)
    mask.upload(allowed)
    let ranking = act([state.rows]).topK(min(count, itemCount), items: items, allowed: mask)
    let (chosen, scores) = (try ranking.items.host(), try ranking.scores.host())
    return zip(chosen, scores).filter { $0.0 >= 0 }.map { (Int($0), $1) }
  }
}
