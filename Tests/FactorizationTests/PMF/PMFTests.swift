import DRRData
import DRRTestSupport
import Factorization
import Tensor
import TestSupport
import Testing

@Suite struct PMFTests {
  /// Ratings 3 + 2 · ⟨u, v⟩ of rank 3, every user with every item, in rows of their own.
  private static let rankThree: RatingsLog = {
    var random = SeededGenerator(31)
    let (users, items) = (60, 50)
    let (u, v) = (
      random.floats(users * 3, in: -0.55...0.55), random.floats(items * 3, in: -0.55...0.55)
    )
    var log = (users: [Int32](), items: [Int32](), ratings: [Float]())
    for user in 0..<users {
      for item in 0..<items {
        log.users.append(Int32(user))
        log.items.append(Int32(item))
        log.ratings.append(
          3 + 2 * (0..<3).reduce(0) { $0 + u[user * 3 + $1] * v[item * 3 + $1] })
      }
    }
    return RatingsLog(name: "rank 3", users: log.users, items: log.items, ratings: log.ratings)
  }()

  private static func fit(_ trainer: PMFTrainer) throws -> PMFModel {
    while !trainer.isFinished { _ = try trainer.runEpoch() }
    return trainer.best!.model
  }

  @Test("an exact matrix of rank 3 is completed from 60 % of it")
  func rankThree() throws {
    let log = Self.rankThree
    var random = SeededGenerator(32)
    let seen = (0..<Int32(log.count)).filter { _ in Float.random(in: 0..<1, using: &random) < 0.6 }
    var configuration = PMFConfiguration()
    configuration.dimension = 3
    configuration.epochs = 300
    configuration.batchSize = 128
    configuration.learningRate = 0.02
    configuration.regularization = 1e-6
    configuration.biasRegularization = 1e-6
    configuration.start = .normal(deviation: 0.3)
    configuration.holdoutShare = 0
    let trainer = try PMFTrainer(
      configuration, log: log, rows: seen, scale: .fiveStars, seed: 1, on: CPUBackend())
    let model = try Self.fit(trainer)
    let unseen = Set((0..<Int32(log.count))).subtracting(seen).map { Int($0) }
    #expect(unseen.count > 1_000)
    #expect(model.rootMeanSquaredError(log, rows: unseen, scale: .fiveStars) < 0.02)
  }

  @Test("without bound on the penalty every prediction is the mean")
  func infiniteRegularization() throws {
    let log = Worlds.tiny
    var configuration = PMFConfiguration()
    configuration.dimension = 4
    configuration.epochs = 60
    configuration.batchSize = 128
    configuration.isCentered = true
    configuration.regularization = 1e6
    configuration.biasRegularization = 1e6
    configuration.holdoutShare = 0
    let rows = (0..<Int32(log.count)).map { $0 }
    let model = try Self.fit(
      PMFTrainer(
        configuration, log: log, rows: rows, scale: .fiveStars, seed: 1, on: CPUBackend()))
    let mean = log.ratings.reduce(0) { $0 + ($1 - 3) / 2 } / Float(log.count)
    #expect(abs(model.mean - mean) < 1e-5)
    var worst: Float = 0
    for user in 0..<log.userCount {
      for item in 0..<log.itemCount {
        worst = max(worst, abs(model.reward(user: user, item: item) - mean))
      }
    }
    #expect(worst < 0.002)
  }

  private static func small(epochs: Int) -> PMFConfiguration {
    var configuration = PMFConfiguration()
    configuration.dimension = 8
    configuration.epochs = epochs
    configuration.batchSize = 256
    configuration.learningRate = 0.02
    return configuration
  }

  private static func trainer(_ device: TestDevice, epochs: Int) throws -> PMFTrainer {
    try PMFTrainer(
      small(epochs: epochs), log: Worlds.tiny,
      rows: UserSplit(Worlds.tiny, EvaluationProtocol()).visibleRows(in: Worlds.tiny),
      scale: .fiveStars, seed: 3, on: device.make())
  }

  private static func state(_ trainer: PMFTrainer) throws -> [UInt8] {
    var file = SafetensorsWriter()
    try trainer.save(to: &file)
    return try file.bytes()
  }

  @Test("resumed after any epoch, a run ends in the same bits", arguments: TestDevices.all)
  func resume(_ device: TestDevice) throws {
    let epochs = 5
    let whole = try Self.trainer(device, epochs: epochs)
    var states = [try Self.state(whole)]
    var errors: [Double] = []
    while !whole.isFinished {
      errors.append(try whole.runEpoch().error)
      states.append(try Self.state(whole))
    }
    #expect(whole.epoch == epochs)
    for stop in 0..<epochs {
      let resumed = try Self.trainer(device, epochs: epochs)
      _ = try resumed.runEpoch()  // What a trainer did before must not matter.
      try resumed.restore(from: SafetensorsFile(bytes: states[stop], name: "state"))
      #expect(resumed.epoch == stop)
      #expect(try Self.state(resumed) == states[stop])
      while !resumed.isFinished {
        let error = try resumed.runEpoch().error
        #expect(error == errors[resumed.epoch - 1])
        #expect(try Self.state(resumed) == states[resumed.epoch], "after epoch \(stop)")
      }
    }
  }

  @Test("devices agree with float64", arguments: TestDevices.all)
  func agreement(_ device: TestDevice) throws {
    let (trainer, reference) = (
      try Self.trainer(device, epochs: 2), try Self.trainer(TestDevices.reference, epochs: 2)
    )
    for _ in 0..<2 {
      #expect(abs(try trainer.runEpoch().error - reference.runEpoch().error) < 1e-4)
    }
  }

  @Test("training stops when the held-out error no longer falls")
  func patience() throws {
    var configuration = Self.small(epochs: 400)
    configuration.regularization = 0
    configuration.biasRegularization = 0
    configuration.holdoutShare = 0.2
    configuration.patience = 2
    let rows = (0..<Int32(Worlds.tiny.count)).map { $0 }
    let trainer = try PMFTrainer(
      configuration, log: Worlds.tiny, rows: rows, scale: .fiveStars, seed: 3, on: CPUBackend())
    var errors: [Double] = []
    while !trainer.isFinished { errors.append(try trainer.runEpoch().error) }
    let least = errors.min()!
    #expect(errors.count < 400 && errors.count == errors.firstIndex(of: least)! + 1 + 2)
    #expect(trainer.best!.error == least)
  }

  /// The normal equations by Gaussian elimination with pivots.
  @Test("a guest's vector solves the ridge regression")
  func foldIn() throws {
    let log = Worlds.tiny
    let model = Worlds.model(log, dimension: 5, seed: 9)
    let (items, rewards) = ([3, 17, 40, 41, 90, 7], [1, -0.5, 0.5, 0, 1, -1] as [Float])
    let penalty = 0.06 * Double(items.count)
    let k = model.dimension
    var system = (0..<k).map { i in
      (0...k).map { j -> Double in
        zip(items, rewards).reduce(i == j ? penalty : 0) { sum, rated in
          let q = { (d: Int) in Double(model.itemFactors[rated.0 * k + d]) }
          let residual = Double(rated.1 - model.mean - model.itemBiases[rated.0])
          return sum + q(i) * (j == k ? residual : q(j))
        }
      }
    }
    for column in 0..<k {
      let pivot = (column..<k).max { abs(system[$0][column]) < abs(system[$1][column]) }!
      system.swapAt(column, pivot)
      for row in 0..<k where row != column {
        let factor = system[row][column] / system[column][column]
        for j in 0...k { system[row][j] -= factor * system[column][j] }
      }
    }
    let expected = (0..<k).map { system[$0][k] / system[$0][$0] }
    let found = model.foldIn(items: items, rewards: rewards, regularization: 0.06)
    #expect(relativeError(found.map { Double($0) }, expected) < 1e-6)
    #expect(
      model.foldIn(items: [], rewards: [], regularization: 0.06) == .init(repeating: 0, count: k))
  }

  @Test("a vector dot product of any length", arguments: [1, 7, 8, 9, 16, 23, 100])
  func reward(_ dimension: Int) {
    let model = Worlds.model(Worlds.tiny, dimension: dimension, seed: 4)
    for (user, item) in [(0, 0), (49, 119), (3, 77)] {
      var expected =
        Double(model.mean) + Double(model.userBiases[user]) + Double(model.itemBiases[item])
      for d in 0..<dimension {
        expected +=
          Double(model.userFactors[user * dimension + d])
          * Double(model.itemFactors[item * dimension + d])
      }
      #expect(abs(Double(model.reward(user: user, item: item)) - expected) < 1e-5)
    }
  }

  @Test("a model is read as it was written")
  func file() throws {
    let folder = TemporaryFolder()
    let path = folder.path + "/model.safetensors"
    let model = Worlds.model(Worlds.tiny, dimension: 6)
    try model.write(to: path, metadata: ["kind": "pmf"])
    let file = try SafetensorsFile(contentsOf: path, requireChecksum: true)
    let read = try PMFModel(contentsOf: file, dimension: 6, userCount: 50, itemCount: 120)
    #expect(read.userFactors == model.userFactors && read.itemFactors == model.itemFactors)
    #expect(read.userBiases == model.userBiases && read.itemBiases == model.itemBiases)
    #expect(read.mean == model.mean && read.dimension == 6)
    #expect(throws: CheckpointError.self) {
      try PMFModel(contentsOf: file, dimension: 6, userCount: 51, itemCount: 120)
    }
  }
}
