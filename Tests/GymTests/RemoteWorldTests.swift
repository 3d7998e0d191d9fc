import Agents
import DRRCore
import DRRTestSupport
import DeepQ
import Environments
import Foundation
import Gym
import PolicyGradients
import Runs
import Tables
import Tensor
import TestSupport
import Testing

/// A socket in a folder of its own, at which a thread answers one program.
private final class Answering {
  let folder = TemporaryFolder()
  let path: String

  /// Answers by what a closure does with the connection.
  init(_ answer: @escaping @Sendable (LocalConnection) throws -> Void) throws {
    path = folder.path + "/socket"
    let socket = try LocalSocket(at: path)
    Thread.detachNewThread {
      defer { socket.close() }
      guard let connection = try? socket.accept() else { return }
      defer { connection.close() }
      try? answer(connection)
    }
  }

  /// What it answers for.
  func world(seed: UInt64 = 5) throws -> RemoteWorld { try RemoteWorld(at: path, seed: seed) }

  /// Answers for a world of the program's own.
  convenience init(_ world: GymWorld, count: Int) throws {
    try self.init { connection in
      var session = try GymSession(world, count: count, seed: 0)
      try session.serve(connection)
    }
  }
}

private func settings(
  _ world: RemoteWorld, _ change: (inout GymRunConfiguration) -> Void
) -> GymRunConfiguration {
  var settings = GymRunConfiguration(world.identity, socket: "")
  settings.seed = 5
  settings.learningStarts = 200
  change(&settings)
  return settings
}

private func small() -> DQNConfiguration {
  var dqn = DQNConfiguration()
  dqn.hidden = 48
  dqn.actionWidth = 16
  dqn.replayCapacity = 10_000
  dqn.targetRate = 0.02
  return dqn
}

@Suite("Agents in worlds of other programs")
struct RemoteWorldTests {
  /// The chain behind a socket is the chain itself: every value of every pair, to the bit, and its
  /// greedy policy is the best that there is.
  @Test func chainBehindASocket() throws {
    let process = SmallProcess.chain.process
    let world = try Answering(
      GymWorld(process, exploringStarts: true, limit: 20), count: 8
    ).world(seed: 0)
    let remote = try GymTrainer(
      settings(world) {
        $0.dqn = small()
        $0.dqn!.discount = Float(process.discount)
        ($0.steps, $0.seed) = (20_000, 0)
        $0.epsilon = EpsilonSchedule(1, to: 0.1, share: 0.5)
      }, in: world, on: CPUBackend())
    var own = SmallWorldConfiguration()
    (own.environment, own.dqn, own.exploringStarts) = (.chain, small(), true)
    own.episodeLimit = 20
    let local = try SmallWorldTrainer(own, on: CPUBackend())
    var (last, ownLast) = (EpisodeReport?.none, SmallWorldReport?.none)
    while !remote.isFinished { last = try remote.advance() ?? last }
    while !local.isFinished { ownLast = try local.advance() ?? ownLast }
    #expect(last?.step == 20_000 && last?.meanReturn == ownLast?.meanReturn)
    #expect(last?.loss == ownLast?.loss && last?.loss != nil)
    let dqn = try #require(remote.dqn)
    let values = try dqn.values(IndexTensor(Array(0..<5), shape: [5, 1], on: dqn.backend)).host()
    #expect(try local.table().values == values.map { Double($0) })
    let report = try #require(ownLast)
    #expect(abs(report.greedyValue - report.bestValue) < 1e-3)
  }

  @Test("a policy gradient behind a socket is the one without", arguments: ["reinforce", "a2c"])
  func policyGradient(_ method: String) throws {
    let process = SmallProcess.lizard.process
    let world = try Answering(GymWorld(process, limit: 30), count: 8).world()
    var gradient = PolicyGradientConfiguration()
    gradient.method = try #require(.init(rawValue: method))
    gradient.hidden = 32
    gradient.discount = Float(process.discount)
    let remote = try GymTrainer(
      settings(world) { ($0.policyGradient, $0.steps) = (gradient, 1_000) }, in: world,
      on: CPUBackend())
    var own = SmallWorldConfiguration()
    (own.environment, own.policyGradient, own.steps, own.seed) = (.lizard, gradient, 1_000, 5)
    own.episodeLimit = 30
    let local = try SmallWorldTrainer(own, on: CPUBackend())
    var (last, ownLast) = (EpisodeReport?.none, SmallWorldReport?.none)
    while !remote.isFinished { last = try remote.advance() ?? last }
    while !local.isFinished { ownLast = try local.advance() ?? ownLast }
    #expect(last?.loss == ownLast?.loss && last?.loss != nil)
    #expect(last?.meanReturn == ownLast?.meanReturn)
  }

  @Test("a table behind a socket comes to the best policy", arguments: TabularMethod.allCases)
  func table(_ method: TabularMethod) throws {
    let process = SmallProcess.lizard.process
    let world = try Answering(
      GymWorld(process, exploringStarts: true, limit: 30), count: 16
    ).world()
    let trainer = try GymTrainer(
      settings(world) {
        $0.table = TableConfiguration()
        $0.table!.method = method
        $0.table!.stepSize = .power(0.7)
        $0.epsilon = EpsilonSchedule(0.5, to: 0.02, share: 0.5)
        $0.steps = 60_000
      }, in: world, on: CPUBackend())
    while !trainer.isFinished { _ = try trainer.advance() }
    let table = try #require(trainer.table)
    let greedy = process.evaluation(of: { table.greedy($0) == $1 ? 1 : 0 }, limit: 10_000)
    let best = process.valueIteration().values.best(process.start)
    #expect(abs(greedy[process.start, table.greedy(process.start)] - best) < 1e-6)
  }

  /// What goes on begins other episodes, and joins no step of an old one to a new one.
  @Test func goesOnInNewEpisodes() throws {
    let folder = TemporaryFolder()
    func make() throws -> GymTrainer {
      let world = try Answering(GymWorld(SmallProcess.cliff.process, limit: 50), count: 3).world()
      return try GymTrainer(
        settings(world) {
          $0.dqn = small()
          $0.dqn!.returnSteps = 4
          $0.steps = 900
        }, in: world, on: CPUBackend())
    }
    func bytes(_ trainer: GymTrainer) throws -> Data {
      var file = SafetensorsWriter()
      try trainer.save(to: &file)
      try file.write(to: folder.path + "/saved.safetensors")
      return try Data(contentsOf: URL(filePath: folder.path + "/saved.safetensors"))
    }
    let first = try make()
    while first.step < 450 { _ = try first.advance() }
    let saved = try bytes(first)
    let file = try SafetensorsFile(contentsOf: folder.path + "/saved.safetensors")
    var ends: [Data] = []
    for _ in 0..<2 {
      let second = try make()
      try second.restore(from: file)
      #expect(second.step == 450)
      while !second.isFinished { _ = try second.advance() }
      ends.append(try bytes(second))
    }
    #expect(ends[0] == ends[1] && ends[0] != saved)
  }

  @Test("what a learner has no use for is refused with what has") func refusals() throws {
    func world(_ gym: GymWorld) throws -> RemoteWorld { try Answering(gym, count: 1).world() }
    func refused(_ world: RemoteWorld, _ change: (inout GymRunConfiguration) -> Void) -> String {
      do {
        _ = try GymTrainer(settings(world, change), in: world, on: CPUBackend())
        return "nothing is refused"
      } catch {
        return "\(error)"
      }
    }
    let folder = TemporaryFolder()
    try TinyTaobao.write(to: folder.path + "/tiny.safetensors")
    let taobao = try world(
      GymWorld(VirtualTaobaoNetworks(contentsOf: folder.path + "/tiny.safetensors")))
    let chain = try world(GymWorld(SmallProcess.chain.process))
    let slates = try world(GymWorld(.evolution(.init())))
    #expect(refused(taobao) { $0.dqn = small() }.contains("use `drr train ddpg`"))
    #expect(
      refused(chain) { $0.ddpg = GymRunConfiguration.defaultDDPG }.contains("`drr train dqn`"))
    #expect(refused(slates) { $0.dqn = small() }.contains("actions are Discrete"))
    #expect(refused(chain) { _ in }.contains("has one learner"))
    #expect(refused(taobao) { $0.table = TableConfiguration() }.contains("use `drr train ddpg`"))
    let huge = refused(chain) {
      $0.table = TableConfiguration()
      $0.world.observations = .discrete(Int(Int32.max))
    }
    #expect(huge.contains("shows fewer states"))
    #expect(throws: RunError.self) { try RemoteWorld(at: folder.path + "/none", seed: 0) }
  }

  private static func hello(_ change: (inout [String: Any]) -> Void = { _ in }) throws -> Frame {
    var said: [String: Any] = [
      "protocol": 1, "program": "other", "world": "two", "seed": 0, "num_envs": 2, "masks": false,
      "autoreset": "same_step", "observation_space": ["type": "Box", "shape": [1]],
      "action_space": ["type": "Discrete", "n": 3],
    ]
    change(&said)
    return Frame(.hello, Array(try JSONSerialization.data(withJSONObject: said)))
  }

  /// Two environments that show a number each, and whether their episodes are over.
  private static func state(
    _ seen: [Float], rewards: [Float] = [0, 0], terminated: [UInt8] = [0, 0], last: [Float] = []
  ) -> Frame {
    func bytes(_ numbers: [Float]) -> [UInt8] {
      numbers.flatMap { number in (0..<4).map { UInt8(number.bitPattern >> UInt32(8 * $0) & 255) } }
    }
    return Frame(.state, bytes(seen) + bytes(rewards) + terminated + [0, 0] + bytes(last))
  }

  /// What is said where another program answers so, of the hello, the reset and the steps.
  private static func said(_ answers: [Frame], steps: Int = 2) -> String {
    do {
      let here = try Answering { connection in
        _ = connection.write(answers[0].encoded)
        for answer in answers.dropFirst() {
          guard let head = connection.read(Frame.headBytes),
            connection.read(Int(head[4])) != nil, connection.write(answer.encoded)
          else { return }
        }
      }
      var world = RemoteEnvironments(try here.world())
      for _ in 0..<steps { _ = try world.step([0, 1]) }
      return "nothing"
    } catch {
      return "\(error)"
    }
  }

  @Test("what cannot be is said, with the environment's number") func answers() throws {
    let (hello, plain) = (try Self.hello(), Self.state([1, 2]))
    #expect(Self.said([hello, plain, plain, plain]) == "nothing")
    for (answers, words) in try [
      ([Self.hello { $0["protocol"] = 2 }], "speaks protocol 2; it must be 1"),
      ([Self.hello { $0["num_envs"] = 0 }], "num_envs is 0"),
      ([Self.hello { $0["autoreset"] = "next_step" }], "must be same_step"),
      ([Self.hello { $0["action_space"] = ["type": "Text"] }], "action_space.type is damaged"),
      ([Self.hello { $0["world"] = nil }], "world is missing"),
      ([Frame(.hello, [1])], "no JSON"), ([plain], "it must be 1, a hello"),
      ([hello], "has left"), ([hello, plain], "has left"),
      ([hello, Self.state([1, .nan])], "of what environment 1 shows is nan; it must be a number"),
      ([hello, plain, Self.state([1, 2], rewards: [.infinity, 0])], "environment 0 is inf"),
      ([hello, plain, Self.state([1, 2], terminated: [0, 1])], "it must have 24"),
      ([hello, plain, Self.state([1, 2], terminated: [0, 1], last: [.nan])], "1 shows is nan"),
      ([hello, plain, Frame(.refused, Array("no".utf8))], "two was refused: no"),
      ([hello, Self.state([1, 2], terminated: [1, 0], last: [3])], "ended by its reset"),
      ([hello, plain, Frame(kind: 9, [])], "of kind 9; it must be 2"),
    ] as [([Frame], String)] {
      let said = Self.said(answers)
      #expect(said.contains(words), "\(said)")
    }
  }

  /// −1 and 1 are the box's bounds, and an ended episode leads to its own last.
  @Test func boxes() throws {
    let hello = try Self.hello {
      $0["action_space"] = ["type": "Box", "shape": [2], "low": [-2, 0], "high": [2, 10]]
    }
    let here = try Answering { connection in
      _ = connection.write(hello.encoded)
      _ = connection.read(16)
      _ = connection.write(Self.state([1, 2]).encoded)
      guard let asked = connection.read(24) else { return }
      let numbers = (0..<4).map { place in
        Float(
          bitPattern: (0..<4).reduce(0) {
            $0 | UInt32(asked[8 + 4 * place + $1]) << UInt32(8 * $1)
          })
      }
      // What was asked for comes back as what is seen.
      _ = connection.write(
        Self.state(
          [numbers[0], numbers[1]], rewards: [numbers[2], numbers[3]], terminated: [1, 0],
          last: [7]
        ).encoded)
    }
    let world = try here.world()
    guard case .box(2, .some(let ranges)) = world.identity.actions else {
      Issue.record("\(world.identity.actions)")
      return
    }
    var vectors = RemoteVectors(world, ranges: ranges)
    #expect(vectors.observations == [[1], [2]])
    let steps = try vectors.take([-1, 1, 0.5, 0])
    #expect(steps.map(\.observation) == [[7], [10]] && vectors.observations == [[-2], [10]])
    #expect(steps.map(\.reward) == [1, 5] && steps.map(\.terminated) == [true, false])
  }
}
