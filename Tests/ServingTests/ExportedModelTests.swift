import DRR
import Foundation
import Kernels
import Serving
import Tensor
import TestSupport
import Testing

@Suite("An exported model") struct ExportedModelTests {
  static let names = ["items.json", "model.json", "users.json", "weights.safetensors"]

  static func lists(_ model: ExportedModel) throws -> [[Recommendation]] {
    try ServedModels.policy(model).recommend(
      (0..<model.users.count).map { Request(.user($0)) }
        + ServingPolicyTests.guests(20).map { Request(.guest($0)) })
  }

  @Test("written and read it recommends the same, and an older one is replaced whole")
  func roundTrip() throws {
    let folder = TemporaryFolder()
    let path = folder.path + "/models/one/"
    for model in [try ServedModels.pmf(), try ServedModels.drr(.att), try ServedModels.drr()] {
      try model.write(toFolder: path)
      #expect(try folder.names("models") == ["one"])
      #expect(try folder.names("models/one") == Self.names)
      let read = try ExportedModel(folder: path)
      #expect(try Self.lists(read) == Self.lists(model))
      #expect(read.header.algorithm == model.header.algorithm && read.header.step == 3)
      #expect(read.items.title(3) == model.items.title(3))
      #expect(read.users.rated(by: 9).items == model.users.rated(by: 9).items)
    }
  }

  @Test("a folder of something else is never written into")
  func others() throws {
    let folder = TemporaryFolder()
    let model = try ServedModels.pmf()
    for name in ["config.json", "model.json"] {
      try folder.write("run/\(name)", "{}")
      let error = #expect(throws: ServingError.self) {
        try model.write(toFolder: folder.path + "/run")
      }
      #expect(error?.description.contains("holds something else") == true)
    }
    let file = folder.path + "/run/config.json"
    #expect(throws: ServingError.self) { try model.write(toFolder: file) }
    #expect(throws: RunError.self) { try model.write(toFolder: file + "/below") }
    #expect(try folder.names("run") == ["config.json", "model.json"])
    #expect(try folder.names("") == ["run"])
  }

  @Test("a missing, changed or truncated file is refused by its name", arguments: names)
  func damaged(_ name: String) throws {
    let folder = TemporaryFolder()
    let path = folder.path + "/model"
    try ServedModels.drr().write(toFolder: path)
    let whole = try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)"))
    func refuse(_ bytes: Data?) throws {
      if let bytes {
        try bytes.write(to: URL(fileURLWithPath: "\(path)/\(name)"))
      } else {
        try FileManager.default.removeItem(atPath: "\(path)/\(name)")
      }
      let error = try #require(throws: (any Error).self) { try ExportedModel(folder: path) }
      #expect("\(error)".contains("model"), "\(error)")
    }
    var random = SeededGenerator(7)
    for _ in 0..<40 {
      var changed = whole
      let bit = UInt8(1) << (random.next() % 8)
      let place = Int(random.next() % UInt64(whole.count))
      changed[place] ^= bit
      // Space between the tokens of JSON says nothing.
      if name == "model.json", [32, 10].contains(whole[place]) { continue }
      try refuse(changed)
    }
    for count in [0, 1, whole.count / 2, whole.count - 2] { try refuse(whole.prefix(count)) }
    try refuse(nil)
    try whole.write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    _ = try ExportedModel(folder: path)
  }

  /// Settings that no weights of the model bear.
  @Test(
    "absurd settings are refused before memory is taken for them",
    arguments: [
      ServedAlgorithm.drr(.init(state: .ave, window: 3, hidden: 0)),
      .drr(.init(state: .ave, window: 0, hidden: 16)),
      .drr(.init(state: .ave, window: 1_001, hidden: 16)),
      .drr(.init(state: .u, window: 1_000, hidden: 65_536)),
      .drr(.init(state: .gru, window: 3, hidden: 17)),
      .drr(.init(state: .ave, window: 3, hidden: 65_536)),
      .drr(.init(state: .ave, window: 4, hidden: 16)),
      .dqn(.init(state: .ave, window: 3, hidden: 16)),
      .policyGradient(.init(state: .ave, window: 3, hidden: 16)),
      .residual(.init(dimensions: [], anchor: 4, hidden: 64, reach: 0.5)),
      .residual(.init(dimensions: [Int.max], anchor: 4, hidden: 64, reach: 0.5)),
      .residual(.init(dimensions: [5], anchor: .nan, hidden: 64, reach: 0.5)),
      .residual(.init(dimensions: [5], anchor: 4, hidden: 64, reach: 0.5)),
      .multiTable(MultiTableConfiguration()),
      .irecgan(.init(embedding: 4_096, units: 4_096, layers: 8)),
    ])
  func settings(_ algorithm: ServedAlgorithm) throws {
    var drr = DRRConfiguration()
    (drr.window, drr.ddpg.hidden) = (3, 16)
    let model = ServedModels.factorization()
    let agent = try DRRAgent(drr, model: model, seed: 5, on: CPUBackend())
    var parts = try ServedModels.parts(algorithm)
    try parts.add(model)
    try parts.addPolicy(agent.ddpg.actor.parameters)
    #expect(throws: (any Error).self) { try ServedModels.policy(parts.model(name: "model")) }
  }

  @Test(
    "columns that do not belong together and values that are no numbers are refused",
    arguments: [
      ("users share out too few", [0, 1], [Int32(0)], [Float(3)]),
      ("offsets fall", [0, 9] + [Int](repeating: 1, count: 49), [0], [3]),
      ("an item is none", [0] + [Int](repeating: 1, count: 50), [120], [3]),
      ("an item is none", [0] + [Int](repeating: 1, count: 50), [-1], [3]),
      ("a rating is none", [0] + [Int](repeating: 1, count: 50), [0], [6]),
      ("a rating is no number", [0] + [Int](repeating: 1, count: 50), [0], [.nan]),
      ("offsets end elsewhere", [0] + [Int](repeating: .max, count: 50), [0], [3]),
    ])
  func columns(_ what: String, _ offsets: [Int], _ items: [Int32], _ ratings: [Float]) throws {
    let log = ServedModels.log
    var parts = try ModelParts(
      ServedModels.pmf().header, itemIDs: Array(log.itemIDs),
      isKnown: [Bool](repeating: true, count: log.itemCount))
    try parts.addUsers(Array(log.userIDs), offsets: offsets, items: items, ratings: ratings)
    try parts.add(ServedModels.factorization())
    let error = try #require(throws: ServingError.self) { try parts.model(name: "model") }
    #expect(
      error.description.hasPrefix("model: not a model that can be used: "), "\(what): \(error)")
  }

  @Test("headers that cannot be are refused")
  func headers() throws {
    let log = ServedModels.log
    func refuse(
      titles: [String] = [], ids: [String]? = nil, factor: Float? = nil,
      _ change: (inout ExportedModel.Header) -> Void = { _ in }
    ) throws {
      var header = try ServedModels.pmf().header
      change(&header)
      var parts = try ModelParts(
        header, itemIDs: ids ?? Array(log.itemIDs), titles: titles,
        isKnown: [Bool](repeating: true, count: log.itemCount))
      try parts.addUsers(
        Array(log.userIDs), offsets: log.userOffsets, items: log.items, ratings: log.ratings)
      let model = ServedModels.factorization()
      try parts.add(
        PMFModel(
          dimension: 8, mean: factor ?? 0, userFactors: model.userFactors,
          itemFactors: model.itemFactors, userBiases: model.userBiases,
          itemBiases: model.itemBiases))
      #expect(throws: ServingError.self) { try parts.model(name: "model") }
    }
    try refuse { $0.schema = 2 }
    try refuse { $0.scale = nil }
    try refuse { $0.scale!.halfRange = 0 }
    try refuse { $0.ratingRange = [5, 1] }
    try refuse { $0.ratingRange = [1] }
    try refuse { $0.ratingRange = [-1e30, 1e30] }
    try refuse { $0.foldIn!.regularization = -1 }
    try refuse { $0.foldIn = nil }
    try refuse(titles: ["one"])
    try refuse(ids: [String](repeating: "7", count: log.itemCount))
    try refuse(factor: .infinity)
  }

  @Test("scores that overflow are an error, not a list")
  func overflow() throws {
    let log = ServedModels.log
    var parts = try ServedModels.parts(.pmf)
    try parts.add(
      PMFModel(
        dimension: 2, mean: 0,
        userFactors: [Float](repeating: 3e38, count: 2 * log.userCount),
        itemFactors: [Float](repeating: 3e38, count: 2 * log.itemCount),
        userBiases: [Float](repeating: 0, count: log.userCount),
        itemBiases: [Float](repeating: 0, count: log.itemCount)))
    let policy = try ServedModels.policy(parts.model(name: "model"))
    let error = #expect(throws: ServingError.self) { try policy.recommend(to: .user(0)) }
    #expect(error?.description.contains("not numbers") == true)
  }
}
