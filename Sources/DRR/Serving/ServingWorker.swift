import ActorCritic
import Agents
import ClickSessions
import DRRData
import DeepQ
import Environments
import Factorization
import IRecGAN
import NextItem
import PolicyGradients
import Tables
import Tensor

/// A backend with the networks of a model on it. Confined to the caller that has taken it out of
/// the pool.
final class ServingWorker {
  /// Recipients of a call at most: the rows of the users' table.
  static let batch = 128

  private let backend: any Backend
  private let itemCount: Int
  private let kind: Kind

  private enum Kind {
    /// Queries [B, A] that items [N, A] are scored by, with a bias of each item [N].
    case vectors(items: Tensor, bias: Tensor?, query: ([Profile]) -> Tensor)
    /// A score of every item on the host, a row a recipient.
    case rows(([Profile]) throws -> [[Float]])
  }

  /// - Throws: `CheckpointError` where weights do not have the shapes that settings ask for.
  init(_ model: ExportedModel, on backend: any Backend) throws {
    self.backend = backend
    itemCount = model.items.count
    switch model.header.algorithm {
    case .pmf:
      let factorization = model.factorization!
      kind = .vectors(
        items: factorization.items(on: backend),
        bias: Tensor(factorization.itemBiases, shape: [model.items.count], on: backend)
      ) { profiles in
        Tensor(
          profiles.flatMap(\.vector), shape: [profiles.count, factorization.dimension], on: backend)
      }
    case .drr(let settings):
      let table = StateTable(model.factorization!, settings, on: backend)
      let actor = Actor(
        actionWidth: table.width, hidden: settings.hidden, seed: 0, on: backend
      ) { table.state(in: $0) }
      try actor.parameters.restore(from: model.weights, "policy")
      kind = .vectors(items: table.items, bias: nil) {
        actor.action(actor.state(table.rows(of: $0), nil))
      }
    case .residual(let settings):
      kind = try Self.residual(settings, model, on: backend)
    case .dqn(let settings):
      let table = StateTable(model.factorization!, settings, on: backend)
      var configuration = DQNConfiguration()
      configuration.hidden = settings.hidden
      // V(s) and the mean advantage are the same for every item.
      configuration.isDuelling = false
      let network = ActionValueNetwork(
        configuration, actionCount: model.items.count, actionWidth: table.width, vectors: nil,
        seed: 0, on: backend
      ) { table.state(in: $0) }
      try network.parameters.restore(from: model.weights, "policy")
      kind = .vectors(items: network.actions.table.tensor, bias: nil) {
        network.layers(network.state(table.rows(of: $0), nil))
      }
    case .policyGradient(let settings):
      let table = StateTable(model.factorization!, settings, on: backend)
      var configuration = PolicyGradientConfiguration()
      configuration.hidden = settings.hidden
      let policy = ActionPolicyNetwork(
        configuration, actionCount: model.items.count, actionWidth: table.width, vectors: nil,
        seed: 0, on: backend
      ) { table.state(in: $0) }
      try policy.parameters.restore(from: model.weights, "policy")
      kind = .vectors(items: policy.actions.table.tensor, bias: nil) {
        policy.query(policy.state(table.rows(of: $0), nil))
      }
    case .multiTable:
      let scorer = model.tables!
      kind = .rows { scorer.scores(inTurn: $0.enumerated().map(Self.query)) }
    case .gru(let settings):
      let count = model.items.count
      let networks = try (0..<settings.networks).map { number in
        let network = GRURanker(settings.configuration, itemCount: count, seed: 0, on: backend)
        try network.parameters.restore(from: model.weights, "policy.\(number)")
        return network
      }
      let scorer = GRUScorer(networks, window: settings.window)
      kind = .rows { try scorer.scores($0.enumerated().map(Self.query)) }
    case .irecgan(let encoder):
      var configuration = IRecGANConfiguration()
      configuration.agent = encoder
      let agent = ListAgent(configuration, itemCount: model.items.count, seed: 0, on: backend)
      try agent.weights.restore(from: model.weights, "policy")
      let (scorer, count) = (agent.scorer("agent"), model.items.count)
      kind = .rows { try Self.scores($0, scorer, itemCount: count) }
    }
  }

  /// The best of the allowed items for each recipient, best first.
  func best(
    _ count: Int, for profiles: [Profile], allowed: ItemMask
  ) throws -> [[(item: Int, score: Float)]] {
    let count = min(count, itemCount)
    switch kind {
    case .vectors(let items, let bias, let query):
      let mask = DeviceMask(rows: profiles.count, items: itemCount, on: backend)
      mask.upload(allowed)
      let ranking = query(profiles).topK(count, items: items, bias: bias, allowed: mask)
      let (chosen, scores) = (try ranking.items.host(), try ranking.scores.host())
      return try profiles.indices.map { row in
        let places = row * count..<(row + 1) * count
        let list = zip(chosen[places], scores[places]).filter { $0.0 >= 0 }
          .map { (item: Int($0), score: $1) }
        // What is no number is never chosen.
        guard list.count == min(count, allowed.count(row: row)),
          list.allSatisfy(\.score.isFinite)
        else { throw Self.notNumbers }
        return list
      }
    case .rows(let scores):
      return try scores(profiles).enumerated().map { row, scores in
        guard scores.allSatisfy(\.isFinite) else { throw Self.notNumbers }
        return Self.best(count, of: scores, allowed, row)
      }
    }
  }

  /// The allowed items of the highest scores; of equal scores the lower item first.
  private static func best(
    _ count: Int, of scores: [Float], _ allowed: ItemMask, _ row: Int
  ) -> [(item: Int, score: Float)] {
    var best: [(item: Int, score: Float)] = []
    guard count <= 256 else {
      for (item, score) in scores.enumerated() where allowed[row, item] {
        best.append((item, score))
      }
      best.sort { $0.score > $1.score || $0.score == $1.score && $0.item < $1.item }
      return Array(best.prefix(count))
    }
    for (item, score) in scores.enumerated() {
      if best.count == count, score <= best[count - 1].score { continue }
      guard allowed[row, item] else { continue }
      if best.count == count { best.removeLast() }
      let place = best.lastIndex { $0.score >= score }.map { $0 + 1 } ?? 0
      best.insert((item, score), at: place)
    }
    return best
  }

  /// What comes next for a recipient.
  private static func query(_ number: Int, _ profile: Profile) -> NextItemQuery {
    NextItemQuery(
      user: Int32(number), items: profile.items[...], rewards: profile.rewards[...],
      visibleCount: profile.items.count, target: -1, targetReward: 0)
  }

  private static let notNumbers = ServingError(
    "the model's scores are not numbers: its weights are too large; train it anew")

  private static func residual(
    _ settings: ServedAlgorithm.Residual, _ model: ExportedModel, on backend: any Backend
  ) throws -> Kind {
    let (beliefs, factorization) = (model.beliefs!, model.factorization!)
    let state = ResidualState(beliefs, factorization)
    let actor = ItemActorCritic.Network(
      ["actor"], blocks: beliefs.blocks, anchor: (state.anchorWidth, settings.anchor),
      hidden: settings.hidden, scale: 1, reach: settings.reach, seed: 0, stream: 0, on: backend)
    try actor.parameters.restore(from: model.weights, "policy")
    let items = Tensor(
      state.itemVectors(), shape: [model.items.count, state.itemWidth], on: backend)
    return .vectors(items: items, bias: nil) { profiles in
      var vectors: [Float] = []
      vectors.reserveCapacity(profiles.count * state.width)
      for profile in profiles {
        let belief =
          profile.belief ?? BeliefSummary(beliefs, profile.items, profile.rewards)
        vectors += state.vector(
          action: belief.action, summary: belief.summary, [], fold: beliefs.everything,
          anchor: state.anchor(profile.vector, bias: profile.bias))
      }
      return actor.heads[0](
        Tensor(vectors, shape: [profiles.count, state.width], on: backend))
    }
  }

  /// What an agent thinks of every item as the next click of each session.
  private static func scores(
    _ profiles: [Profile], _ scorer: any SessionScorer, itemCount: Int
  ) throws -> [[Float]] {
    var log = SessionLog(name: "asked", format: "open", checksum: "", itemCount: itemCount)
    var positions: [SessionPosition] = []
    for (session, profile) in profiles.enumerated() {
      for click in profile.items { log.addStep(click: click) }
      // A step that is to be predicted stands behind every session.
      positions.append(SessionPosition(session: session, step: log.stepCount))
      log.addStep(click: 0)
      log.endSession(ended: false)
    }
    let scores = try scorer.scores(at: positions[...], of: log)
    return profiles.indices.map { Array(scores[$0 * itemCount..<($0 + 1) * itemCount]) }
  }
}

/// The vectors that states gather: of items, and of a batch's recipients, which each call brings.
private struct StateTable {
  let network: ServedAlgorithm.Network
  /// [batch, k]
  let users: Tensor
  /// [N, k]
  let items: Tensor

  init(
    _ factorization: PMFModel, _ network: ServedAlgorithm.Network, on backend: any Backend
  ) {
    self.network = network
    users = Tensor(
      repeating: 0, shape: [ServingWorker.batch, factorization.dimension], on: backend)
    items = factorization.items(on: backend)
  }

  var width: Int { items.shape[1] }

  func state(in parameters: ParameterSet) -> any StateModule {
    network.state.make(users: users, items: items, window: network.window, in: parameters)
  }

  /// Rows of states [B, W], whose users' vectors are put in place.
  func rows(of profiles: [Profile]) -> IndexTensor {
    let backend = users.backend
    backend.write(
      profiles.flatMap(\.vector), to: users.view[0..<profiles.count * width])
    let states = profiles.enumerated().map { $1.state(user: Int32($0), window: network.window) }
    return network.state.rows(window: network.window).indices(of: states, on: backend)
  }
}

extension PMFModel {
  fileprivate func items(on backend: any Backend) -> Tensor {
    Tensor(itemFactors, shape: [itemCount, dimension], on: backend)
  }
}
