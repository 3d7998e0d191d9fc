import DRR
import Kernels
import Serving
import TestSupport

/// Models made of random weights: enough where only the machinery is looked at.
enum ServedModels {
  static let log = GeneratedRatings.generate(size: .tiny)

  static func factorization(dimension: Int = 8) -> PMFModel {
    var random = SeededGenerator(1)
    return PMFModel(
      dimension: dimension, mean: 0.1,
      userFactors: random.floats(log.userCount * dimension, in: -0.5...0.5),
      itemFactors: random.floats(log.itemCount * dimension, in: -0.5...0.5),
      userBiases: random.floats(log.userCount, in: -0.2...0.2),
      itemBiases: random.floats(log.itemCount, in: -0.2...0.2))
  }

  /// - Parameter unknown: items that training has seen no rating of.
  static func parts(
    _ algorithm: ServedAlgorithm, titles: [String]? = nil, unknown: Set<Int> = []
  ) throws -> ModelParts {
    let log = log
    var parts = try ModelParts(
      ExportedModel.Header(
        algorithm: algorithm, agent: "agent", step: 3,
        data: .init(name: log.name, checksum: log.checksum, items: 0, users: 0),
        scale: .fiveStars, ratingRange: log.ratingRange,
        foldIn: .init(regularization: 0.06, biasRegularization: 0.02)),
      itemIDs: Array(log.itemIDs), titles: titles ?? log.titles,
      genres: (0..<log.itemCount).map { log.genres.namesOfItem($0) },
      isKnown: (0..<log.itemCount).map { !unknown.contains($0) })
    try parts.addUsers(
      Array(log.userIDs), offsets: log.userOffsets, items: log.items, ratings: log.ratings)
    return parts
  }

  static func pmf(titles: [String]? = nil, unknown: Set<Int> = []) throws -> ExportedModel {
    var parts = try parts(.pmf, titles: titles, unknown: unknown)
    try parts.add(factorization())
    return try parts.model(name: "model")
  }

  /// DRR's actor as it begins.
  static func drr(
    _ state: StateModuleKind = .ave, window: Int = 3, hidden: Int = 16
  ) throws -> ExportedModel {
    let model = factorization()
    var drr = DRRConfiguration()
    drr.state = state
    drr.window = window
    drr.ddpg.hidden = hidden
    let agent = try DRRAgent(drr, model: model, seed: 5, on: CPUBackend())
    var parts = try parts(.drr(.init(state: state, window: window, hidden: hidden)))
    try parts.add(model)
    try parts.addPolicy(agent.ddpg.actor.parameters)
    return try parts.model(name: "model")
  }

  static func policy(_ model: ExportedModel) throws -> ServingPolicy {
    try ServingPolicy(model) { CPUBackend() }
  }
}
