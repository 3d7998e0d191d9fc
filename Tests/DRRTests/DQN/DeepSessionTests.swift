import DRR
import Kernels
import Tensor
import TestSupport
import Testing

/// Deep Q-learning and policy gradients over a catalogue, in sessions and in logs played back.
@Suite("Deep agents over a catalogue")
struct DeepSessionTests {
  private static let items = 40
  private static let window = 3

  private static func sequences() -> [LoggedEnvironments.Sequence] {
    var random = Draws(11)
    return (0..<6).map { user in
      LoggedEnvironments.Sequence(
        user: Int32(user), items: (0..<15).map { Int32((7 * user + 3 * $0) % items) },
        rewards: random.floats(15))
    }
  }

  private static func tables(_ backend: any Backend) -> (users: Tensor, items: Tensor) {
    var random = Draws(12)
    return (
      Tensor(random.floats(6 * 8), shape: [6, 8], on: backend),
      Tensor(random.floats(items * 8), shape: [items, 8], on: backend)
    )
  }

  private static func logged(count: Int) -> LoggedEnvironments {
    LoggedEnvironments(
      sequences(), window: window, itemCount: items, count: count, seed: 3)
  }

  private static func dqnTrainer(
    on backend: any Backend, _ change: (inout DQNConfiguration) -> Void = { _ in }
  ) throws -> DQNTrainer {
    var configuration = DQNConfiguration()
    configuration.hidden = 16
    configuration.batchSize = 16
    configuration.replayCapacity = 64
    change(&configuration)
    let (users, items) = tables(backend)
    let dqn = try DQN(
      configuration, actionCount: Self.items, actionWidth: 8, excludingItemsFrom: 1, seed: 1,
      on: backend
    ) { GRUState(users: users, items: items, window: window, in: $0) }
    var schedule = DQNSchedule()
    schedule.learningStarts = 16
    schedule.steps = 10_000
    return DQNTrainer(dqn, schedule, environments: logged(count: 4), seed: 5)
  }

  private static func policyTrainer(on backend: any Backend) throws -> PolicyGradientTrainer {
    var configuration = PolicyGradientConfiguration()
    configuration.hidden = 16
    configuration.topK = 5
    let (users, items) = tables(backend)
    let gradient = try PolicyGradient(
      configuration, actionCount: Self.items, actionWidth: 8, learnsFromLog: true, seed: 1,
      on: backend
    ) { AverageState(users: users, items: items, window: window, in: $0) }
    return try PolicyGradientTrainer(
      gradient, steps: 10_000, environments: logged(count: 4), seed: 5)
  }

  /// What an update asks for besides launches is nothing.
  @Test(arguments: TestDevices.all) func anUpdateStaysOnTheDevice(_ device: TestDevice) throws {
    let variants: [(most: Int, change: (inout DQNConfiguration) -> Void)] = [
      (78, { _ in }), (60, { $0.isDuelling = false }), (90, { $0.conservatism = 0.5 }),
      (78, { $0.returnSteps = 3 }),
    ]
    for (most, change) in variants {
      let backend = try device.make()
      let trainer = try Self.dqnTrainer(on: backend, change)
      for _ in 0..<12 { try trainer.advance() }
      let found = (0..<3).map { _ -> Counters in
        let before = backend.counters
        _ = trainer.update()
        return backend.counters - before
      }
      #expect(found.allSatisfy { $0 == Counters(launches: found[0].launches) })
      // A driver's launches are a tenth more than the host's calls.
      let bound = device.name == "cpu" ? most : most + most / 8
      #expect(found[0].launches <= bound, "\(found[0].launches)")
    }
  }

  /// Playing a log back waits for nothing.
  @Test(arguments: TestDevices.all) func playbackNeverWaits(_ device: TestDevice) throws {
    let backend = try device.make()
    let (values, policy) = (
      try Self.dqnTrainer(on: backend), try Self.policyTrainer(on: backend)
    )
    for _ in 0..<12 {
      try values.advance()
      try policy.advance()
    }
    let before = backend.counters
    try values.advance()
    try policy.advance()
    #expect((backend.counters - before).syncs == 0)
  }

  @Test(arguments: TestDevices.all) func resumesToTheSameBits(_ device: TestDevice) throws {
    func bytes(_ save: (inout SafetensorsWriter) throws -> Void) throws -> [UInt8] {
      var file = SafetensorsWriter()
      try save(&file)
      return try file.bytes()
    }
    let (whole, resumed) = (
      try Self.dqnTrainer(on: device.make()), try Self.dqnTrainer(on: device.make())
    )
    for _ in 0..<9 { try whole.advance() }
    let saved = try bytes { try whole.save(to: &$0) }
    for _ in 0..<9 { try whole.advance() }
    for _ in 0..<5 { try resumed.advance() }
    try resumed.restore(from: SafetensorsFile(bytes: saved, name: "dqn"))
    for _ in 0..<9 { try resumed.advance() }
    #expect(try bytes { try resumed.save(to: &$0) } == bytes { try whole.save(to: &$0) })

    let (policy, again) = (
      try Self.policyTrainer(on: device.make()), try Self.policyTrainer(on: device.make())
    )
    for _ in 0..<9 { try policy.advance() }
    let half = try bytes { try policy.save(to: &$0) }
    for _ in 0..<9 { try policy.advance() }
    try again.restore(from: SafetensorsFile(bytes: half, name: "pg"))
    for _ in 0..<9 { try again.advance() }
    #expect(try bytes { try again.save(to: &$0) } == bytes { try policy.save(to: &$0) })
  }

  /// An item of the history is never the best next one.
  @Test(arguments: TestDevices.all) func theHistoryIsLeftOut(_ device: TestDevice) throws {
    let backend = try device.make()
    let dqn = try Self.dqnTrainer(on: backend).dqn
    let rows = IndexTensor([0, 1, 2, 3], shape: [1, 4], on: backend)
    let best = try dqn.best(rows).host()[0]
    let shown = IndexTensor([0, best, -1, 3], shape: [1, 4], on: backend)
    let mask = DeviceMask(excluding: shown, first: 1, items: Self.items)
    #expect(try dqn.best(rows, allowed: mask).host()[0] != best)
    let values = try dqn.values(rows).host()
    #expect(values.firstIndex(of: values.max()!) == Int(best))
  }

  /// [u ; h] with h from the same GRU over the same vectors, a missing item being a zero vector.
  @Test(arguments: TestDevices.all) func recurrentState(_ device: TestDevice) throws {
    let backend = try device.make()
    let (users, items) = Self.tables(backend)
    func make() -> (ParameterSet, ParameterSet) {
      (
        ParameterSet(on: backend, seed: 4, stream: 2), ParameterSet(on: backend, seed: 4, stream: 2)
      )
    }
    let (own, other) = make()
    let state = GRUState(users: users, items: items, window: Self.window, in: own)
    let network = GRU("history", inputs: 8, units: 8, in: other)
    let rows: [Int32] = [2, -1, 5, 9, 4, 1, 2, 3]
    let found = try state(IndexTensor(rows, shape: [2, 4], on: backend), nil).host()
    let table = try items.host()
    let sequence = [[-1, 5, 9], [1, 2, 3]].flatMap { history in
      history.flatMap { item in
        item < 0 ? [Float](repeating: 0, count: 8) : Array(table[item * 8..<(item + 1) * 8])
      }
    }
    let last = try network(Tensor(sequence, shape: [2, 3, 8], on: backend)).last.hidden.host()
    let people = try users.host()
    for (row, user) in [2, 4].enumerated() {
      let expected =
        Array(people[user * 8..<(user + 1) * 8]) + Array(last[row * 8..<(row + 1) * 8])
      #expect(Array(found[row * 16..<(row + 1) * 16]) == expected)
    }
  }

  /// What is learned from a log in which one item always follows another: the policy says so.
  @Test func aPolicyLearnsWhatFollows() throws {
    let backend = CPUBackend()
    let (users, items) = Self.tables(backend)
    var configuration = PolicyGradientConfiguration()
    configuration.hidden = 32
    configuration.baseline = .none
    configuration.isOffPolicy = false
    configuration.learningRate = 3e-3
    configuration.entropyWeight = 0
    let gradient = try PolicyGradient(
      configuration, actionCount: Self.items, actionWidth: 8, learnsFromLog: true, seed: 1,
      on: backend
    ) { AverageState(users: users, items: items, window: 1, in: $0) }
    let cycle = (0..<40).map { Int32([3, 17, 8, 30][$0 % 4]) }
    let log = LoggedEnvironments(
      [.init(user: 0, items: cycle, rewards: cycle.map { _ in 1 })], window: 1,
      itemCount: Self.items, count: 4, seed: 0)
    let trainer = try PolicyGradientTrainer(gradient, steps: 6_000, environments: log, seed: 0)
    while !trainer.isFinished { try trainer.advance() }
    let rows = IndexTensor([0, 3, 0, 17, 0, 8, 0, 30], shape: [4, 2], on: backend)
    #expect(try gradient.logits(rows).topKRows(1).host() == [17, 8, 30, 3])
  }
}
