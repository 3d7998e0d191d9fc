import DRRData
import DRRTestSupport
import Factorization
import Foundation
import Tensor
import TestSupport
import Testing

@Suite("PMF by stochastic gradient descent")
struct PMFDescentTests {
  /// Ratings 3 + 2 (0.1 + ⟨u, v⟩ + b_u + b_i) of rank 4 with noise of deviation 0.2 stars, six in ten
  /// pairs of 120 users and 90 items.
  private static let planted: RatingsLog = {
    var random = SeededGenerator(41)
    let (users, items, k) = (120, 90, 4)
    let (u, v) = (
      random.floats(users * k, in: -0.4...0.4), random.floats(items * k, in: -0.4...0.4)
    )
    let (a, b) = (random.floats(users, in: -0.2...0.2), random.floats(items, in: -0.2...0.2))
    var log = (users: [Int32](), items: [Int32](), ratings: [Float]())
    for user in 0..<users {
      for item in 0..<items where Float.random(in: 0..<1, using: &random) < 0.6 {
        let noise = (0..<12).reduce(Float(-6)) { sum, _ in
          sum + Float.random(in: 0..<1, using: &random)
        }
        let dot = (0..<k).reduce(Float(0)) { $0 + u[user * k + $1] * v[item * k + $1] }
        log.users.append(Int32(user))
        log.items.append(Int32(item))
        log.ratings.append(3 + 2 * (0.1 + dot + a[user] + b[item]) + 0.2 * noise)
      }
    }
    return RatingsLog(name: "planted", users: log.users, items: log.items, ratings: log.ratings)
  }()

  private static func configuration(epochs: Int) -> PMFConfiguration {
    var configuration = PMFConfiguration()
    configuration.choose(.sgd, ratings: 100_000)
    configuration.dimension = 8
    configuration.epochs = epochs
    return configuration
  }

  private static func trainer(
    _ device: TestDevice, epochs: Int, log: RatingsLog = Worlds.tiny
  ) throws -> PMFTrainer {
    try PMFTrainer(
      configuration(epochs: epochs), log: log, rows: (0..<Int32(log.count)).map { $0 },
      scale: .fiveStars, seed: 3, on: device.make())
  }

  private static func state(_ trainer: PMFTrainer) throws -> [UInt8] {
    var file = SafetensorsWriter()
    try trainer.save(to: &file)
    return try file.bytes()
  }

  @Test("the held-out error of a planted world comes near its noise", arguments: TestDevices.all)
  func planted(_ device: TestDevice) throws {
    var configuration = Self.configuration(epochs: 60)
    configuration.learningRate = 0.1
    configuration.regularization = 0.003
    configuration.biasRegularization = 0.003
    configuration.patience = 60
    let log = Self.planted
    let trainer = try PMFTrainer(
      configuration, log: log, rows: (0..<Int32(log.count)).map { $0 }, scale: .fiveStars,
      seed: 1, on: device.make())
    let first = try trainer.runEpoch().error
    while !trainer.isFinished { _ = try trainer.runEpoch() }
    #expect(first > 0.3, "\(first)")
    #expect(trainer.best!.error < 0.24, "\(trainer.best!.error)")
  }

  @Test("resumed after any epoch, a run ends in the same bits", arguments: TestDevices.all)
  func resume(_ device: TestDevice) throws {
    let epochs = 4
    let whole = try Self.trainer(device, epochs: epochs)
    var states = [try Self.state(whole)]
    while !whole.isFinished {
      _ = try whole.runEpoch()
      states.append(try Self.state(whole))
    }
    #expect(whole.epoch == epochs)
    for stop in 0..<epochs {
      let resumed = try Self.trainer(device, epochs: epochs)
      _ = try resumed.runEpoch()  // What a trainer did before must not matter.
      try resumed.restore(from: SafetensorsFile(bytes: states[stop], name: "state"))
      #expect(try Self.state(resumed) == states[stop])
      while !resumed.isFinished {
        _ = try resumed.runEpoch()
        #expect(try Self.state(resumed) == states[resumed.epoch], "after epoch \(stop)")
      }
    }
  }

  @Test("a pass in pieces is the pass", arguments: TestDevices.all)
  func pieces(_ device: TestDevice) throws {
    let backend = try device.make()
    let log = Self.planted
    let grid = RatingGrid(
      users: log.users, items: log.items, values: log.ratings, userCount: log.userCount,
      itemCount: log.itemCount, side: 4, on: backend)
    func learned(_ pieces: [[Int32]]) throws -> [Float] {
      let factors = BiasedFactors(
        dimension: 8, userCount: log.userCount, itemCount: log.itemCount,
        .uniform(low: 0, high: 0.03), seed: 1, stream: 7, on: backend)
      for shifts in pieces {
        factors.descend(
          grid, shifts: shifts, FactorizationStep(rate: 0.05, decay: 0.02, biasDecay: 0.02))
      }
      let host = try factors.host()
      return host.userVectors + host.itemVectors + host.userBiases + host.itemBiases
    }
    let whole = try learned([[2, 0, 3, 1]])
    #expect(try learned([[2], [0, 3], [1]]) == whole)
    #expect(try learned([[2], [0, 1], [3]]) != whole)
  }

  @Test("a checkpoint of the other solver is refused and changes nothing")
  func foreign() throws {
    let device = TestDevices.reference
    let adam = try PMFTrainer(
      PMFConfiguration(), log: Worlds.tiny, rows: [0, 1, 2], scale: .fiveStars, seed: 3,
      on: device.make())
    let trainer = try Self.trainer(device, epochs: 2)
    let before = try Self.state(trainer)
    let file = try SafetensorsFile(bytes: Self.state(adam), name: "state")
    #expect(throws: CheckpointError.self) { try trainer.restore(from: file) }
    #expect(try Self.state(trainer) == before)
  }

  @Test("devices agree with float64", arguments: TestDevices.all)
  func agreement(_ device: TestDevice) throws {
    let trainer = try Self.trainer(device, epochs: 2)
    let reference = try Self.trainer(TestDevices.reference, epochs: 2)
    for _ in 0..<2 {
      #expect(abs(try trainer.runEpoch().error - reference.runEpoch().error) < 1e-4)
    }
  }

  @Test("an epoch's launches and its one wait", arguments: TestDevices.all)
  func counts(_ device: TestDevice) throws {
    let backend = try device.make()
    let trainer = try PMFTrainer(
      Self.configuration(epochs: 3), log: Worlds.tiny,
      rows: (0..<Int32(Worlds.tiny.count)).map { $0 },
      scale: .fiveStars, seed: 3, on: backend)
    _ = try trainer.runEpoch()
    let before = backend.counters
    _ = try trainer.runEpoch()
    let rounds = device.name == "cpu" ? 1 : 8
    let asked = backend.counters - before
    #expect(asked == Counters(launches: rounds, syncs: 1, arguments: asked.arguments))
  }

  @Test("a configuration without a solver means Adam, and a solver is kept")
  func files() throws {
    var configuration = PMFConfiguration()
    let encoded = try JSONEncoder().encode(configuration)
    var fields = try #require(JSONSerialization.jsonObject(with: encoded) as? [String: Any])
    #expect(fields.removeValue(forKey: "solver") as? String == "adam")
    let old = try JSONSerialization.data(withJSONObject: fields)
    #expect(try JSONDecoder().decode(PMFConfiguration.self, from: old) == configuration)
    configuration.choose(.sgd, ratings: 100_000)
    let again = try JSONDecoder().decode(
      PMFConfiguration.self, from: JSONEncoder().encode(configuration))
    #expect(again == configuration && again.solver == .sgd)
    configuration.choose(.adam, ratings: 100_000)
    #expect(configuration == PMFConfiguration())
  }
}
