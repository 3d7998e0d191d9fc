import DRRCore
import DRRData
import DRRTestSupport
import Environments
import Foundation
import Gym
import TestSupport
import Testing

/// What a state holds, read as docs/python.md says.
private struct State {
  var observations: [UInt32] = []
  var rewards: [Float] = []
  var terminated: [UInt8] = []
  var truncated: [UInt8] = []
  var masks: [UInt8] = []
  var last: [UInt32] = []

  init(_ frame: Frame, count: Int, width: Int, masks masked: Int = 0) throws {
    try #require(
      frame.kind == Frame.Kind.state.rawValue, "\(String(decoding: frame.bytes, as: UTF8.self))")
    var rest = frame.bytes[...]
    func bytes(_ count: Int) -> [UInt8] {
      defer { rest = rest.dropFirst(count) }
      return Array(rest.prefix(count))
    }
    func words(_ count: Int) -> [UInt32] {
      let found = bytes(4 * count)
      return stride(from: 0, to: found.count, by: 4).map { at in
        (0..<4).reduce(0) { $0 | UInt32(found[at + $1]) << UInt32(8 * $1) }
      }
    }
    observations = words(count * width)
    rewards = words(count).map { Float(bitPattern: $0) }
    (terminated, truncated) = (bytes(count), bytes(count))
    masks = bytes(count * masked)
    let ended = zip(terminated, truncated).count { $0 + $1 > 0 }
    last = words(ended * width)
    #expect(rest.isEmpty, "\(rest.count) bytes too many")
  }
}

private func step(_ actions: [Int32]) -> Frame {
  Frame(
    .step,
    actions.flatMap { action in (0..<4).map { UInt8(truncatingIfNeeded: action >> (8 * $0)) } })
}

private func reset(_ seed: UInt64? = nil) -> Frame {
  Frame(
    .reset,
    seed.map { seed in (0..<8).map { UInt8(truncatingIfNeeded: seed >> (8 * $0)) } } ?? [])
}

private func hello(_ session: GymSession) throws -> [String: Any] {
  let frame = try session.hello()
  #expect(frame.kind == Frame.Kind.hello.rawValue)
  return try #require(
    try JSONSerialization.jsonObject(with: Data(frame.bytes)) as? [String: Any])
}

@Suite("Worlds as Gymnasium has them")
struct GymSessionTests {
  /// The users, responses and rewards of a seed are those of the world itself, to the bit, past the
  /// ends of episodes.
  @Test(arguments: SlateWorld.all) func slatesAreTheWorldsOwn(_ slates: SlateWorld) throws {
    var session = try GymSession(GymWorld(slates), count: 3, seed: 0)
    func compare(_ world: inout some FeatureEnvironments<Int32>, _ first: State) throws {
      let (width, slate) = (world.rows.observation.layout.width, world.actionWidth)
      var state = first
      var ended = 0
      for number in 0..<250 {
        #expect(state.observations == seen(world, width))
        let actions = (0..<3 * slate).map { Int32(($0 * 3 + number) % 10) }
        world.step(actions)
        state = try State(session.answer(step(actions)), count: 3, width: width)
        #expect(state.rewards == world.rows.rewards)
        #expect(state.terminated.map { $0 == 1 } == world.rows.terminated)
        #expect(state.truncated.map { $0 == 1 } == world.rows.truncated)
        let lasts = (0..<3).filter { world.rows.hasEnded($0) }
        #expect(state.last == lasts.flatMap { seen(world, width)[$0 * width..<($0 + 1) * width] })
        ended += lasts.count
        world.beginEnded()
      }
      #expect(ended >= 3)
    }
    var world = try slates.environments(count: 3, first: 0, seed: 9)
    let width = world.rows.observation.layout.width
    let first = try State(session.answer(reset(9)), count: 3, width: width)
    try compare(&world, first)
  }

  /// [B, U + N · D + K · R], from the three parts [B, U], [B, N, D] and [B, K, R].
  private func seen(_ world: some FeatureEnvironments, _ width: Int) -> [UInt32] {
    let observation = world.rows.observation
    let layout = observation.layout
    return (0..<world.count).flatMap { row in
      (Array(observation.user(row))
        + (0..<layout.candidates).flatMap { observation.document(row, $0) }
        + (0..<layout.slate).flatMap { observation.response(row, $0) }).map(\.bitPattern)
    }
  }

  @Test("a document that a slate has already gives way to the next that it has not")
  func repeatedDocuments() throws {
    func rewards(_ slate: [Int32]) throws -> State {
      var session = try GymSession(
        GymWorld(.evolution(.init())), count: 1, seed: 4)
      let width = try #require(
        (hello(session)["observation_space"] as? [String: Any])?["shape"] as? [Int])[0]
      return try State(session.answer(step(slate)), count: 1, width: width)
    }
    #expect(try rewards([7, 7]).observations == rewards([7, 8]).observations)
    #expect(try rewards([9, 9]).observations == rewards([9, 0]).observations)
    #expect(try rewards([7, 7]).observations != rewards([7, 9]).observations)
  }

  /// Off the cliff is 100 and the start; the way along its edge is 13 steps and ends the episode.
  @Test func cliff() throws {
    var session = try GymSession(GymWorld(SmallProcess.cliff.process, limit: 20), count: 2, seed: 0)
    let told = try hello(session)
    #expect(told["num_envs"] as? Int == 2 && told["masks"] as? Bool == false)
    #expect((told["observation_space"] as? [String: Any])?["n"] as? Int == 48)
    #expect((told["action_space"] as? [String: Any])?["n"] as? Int == 4)
    #expect(try State(session.answer(reset()), count: 2, width: 1).observations == [36, 36])
    var state = try State(session.answer(step([1, 2])), count: 2, width: 1)
    #expect(state.rewards == [-100, -1] && state.observations == [36, 24])
    for _ in 0..<11 { state = try State(session.answer(step([1, 1])), count: 2, width: 1) }
    #expect(state.observations == [36, 35] && state.terminated == [0, 0])
    state = try State(session.answer(step([1, 3])), count: 2, width: 1)
    #expect(state.terminated == [0, 1] && state.truncated == [0, 0])
    #expect(state.observations == [36, 36] && state.last == [47] && state.rewards == [-100, -1])
    for _ in 0..<7 { state = try State(session.answer(step([1, 2])), count: 2, width: 1) }
    #expect(state.truncated == [1, 0] && state.last == [36])
  }

  /// A joint step is that of the environment itself; masks say what is left of a session, and an item
  /// that is not left earns −1 and enters no history.
  @Test func ratings() throws {
    let split = UserSplit(Worlds.tiny, EvaluationProtocol())
    let model = Worlds.model(Worlds.tiny, dimension: 4)
    @Sendable func environment(_ seed: UInt64) throws -> RatingEnvironment {
      try RatingEnvironment(
        log: Worlds.tiny, split: split, model: model,
        statistics: ItemStatistics(Worlds.tiny, split, scale: .fiveStars), window: 3,
        sessionLength: 4, scale: .fiveStars, seed: seed)
    }
    var session = try GymSession(
      GymWorld(ratings: "ratings", window: 3, environment: environment), count: 1, seed: 2)
    #expect(try hello(session)["masks"] as? Bool == true)
    let items = model.itemCount
    func state(_ frame: Frame) throws -> State {
      try State(session.answer(frame), count: 1, width: 16, masks: items)
    }
    var own = try environment(2)
    own.reset(episode: 0)
    func seen() -> [UInt32] {
      let user = Int(own.state.user)
      return
        (Array(model.userFactors[user * 4..<(user + 1) * 4])
        + own.state.history.flatMap { model.itemFactors[Int($0) * 4..<(Int($0) + 1) * 4] })
        .map(\.bitPattern)
    }
    var now = try state(reset())
    let seenBefore = own.state.history[0]
    for choice in 0..<3 {
      #expect(now.observations == seen())
      #expect(now.masks.map { $0 == 1 } == (0..<items).map { own.allowed[0, $0] })
      if choice == 1 {
        now = try state(step([seenBefore]))
        #expect(now.rewards == [-1])
        continue
      }
      let item = Int32(try #require(now.masks.firstIndex(of: 1)))
      let step = own.step(item)
      now = try state(GymTests.step([item]))
      #expect(now.rewards == [step.reward] && now.masks[Int(item)] == 0)
    }
    let last = try state(step([Int32(try #require(now.masks.firstIndex(of: 1)))]))
    #expect(last.truncated == [1])
    own.reset(episode: 1)
    #expect(last.observations == seen())
  }

  @Test("what is no message is refused with a sentence, and changes nothing")
  func refusals() throws {
    var session = try GymSession(
      GymWorld(SmallProcess.robot.process), count: 2, seed: 3)
    let before = session.answer(reset())
    for (frame, words) in [
      (step([0]), "a step has 4 bytes; it must have 8"),
      (step([0, 4]), "environment 1 is 4; it must be 0 ..< 4"),
      (step([-1, 0]), "environment 0 is -1"),
      (Frame(.reset, [1, 2, 3]), "a reset has 3 bytes"),
      (Frame(kind: 77, []), "the message's kind is 77"), (Frame(.hello, []), "kind is 1"),
    ] {
      let answer = session.answer(frame)
      #expect(answer.kind == Frame.Kind.refused.rawValue)
      let sentence = String(decoding: answer.bytes, as: UTF8.self)
      #expect(sentence.contains(words), "\(sentence)")
    }
    #expect(session.answer(reset()) == before)
    let folder = TemporaryFolder()
    try TinyTaobao.write(to: folder.path + "/tiny.safetensors")
    var taobao = try GymSession(
      GymWorld(VirtualTaobaoNetworks(contentsOf: folder.path + "/tiny.safetensors")), count: 1,
      seed: 0)
    let bad = Frame(.step, Array(repeating: 0xFF, count: 4 * 27))
    #expect(
      String(decoding: taobao.answer(bad).bytes, as: UTF8.self).contains("it must be a number"))
    #expect(throws: ConfigurationError.self) {
      try GymSession(GymWorld(SmallProcess.robot.process), count: 0, seed: 3)
    }
  }
}
