import ClickSessions
import DRRCore
import DRRTestSupport
import Foundation
import IRecGAN
import Tensor
import TestSupport
import Testing

/// Networks so small that everything that can happen can be listed, with its probability.
private struct TinyUsers {
  /// One step that a session may go on by.
  struct Step: Hashable {
    var list: [Int32]
    var click: Int32
    var reward: Float
  }

  let configuration: IRecGANConfiguration
  let items: Int
  let user: UserModel
  let agent: ListAgent
  let discriminator: Discriminator
  let backend: any Backend

  init(
    items: Int, list: Int, steps: Int, form: IRecGANConfiguration.DiscriminatorForm = .lists,
    on backend: any Backend
  ) {
    configuration = SessionWorlds.settings {
      $0.listSize = list
      $0.longestSession = steps
      $0.discriminatorForm = form
      $0.rollOuts = 1_000
    }
    self.items = items
    self.backend = backend
    user = UserModel(configuration, itemCount: items, seed: 3, on: backend)
    agent = ListAgent(configuration, itemCount: items, seed: 3, on: backend)
    discriminator = Discriminator(configuration, itemCount: items, seed: 3, on: backend)
  }

  var rollOuts: SessionRollOuts {
    SessionRollOuts(
      configuration: configuration, itemCount: items, user: user, agent: agent)
  }

  private static func softmax(_ logits: [Float]) -> [Double] {
    let top = Double(logits.max()!)
    let weights = logits.map { exp(Double($0) - top) }
    let sum = weights.reduce(0, +)
    return weights.map { $0 / sum }
  }

  /// The lists of different items in order, each with the probability of drawing its items one
  /// after the other.
  private func lists(_ policy: [Double]) -> [(list: [Int32], probability: Double)] {
    var found: [(list: [Int32], probability: Double)] = [([], 1)]
    for _ in 0..<configuration.listSize {
      found = found.flatMap { list, probability in
        let left = 1 - list.reduce(0) { $0 + policy[Int($1)] }
        return (0..<Int32(items)).filter { !list.contains($0) }.map {
          (list + [$0], probability * policy[Int($0)] / left)
        }
      }
    }
    return found
  }

  /// What may follow these clicks; nil is leaving.
  func next(_ clicks: [Int32]) throws -> [(step: Step?, probability: Double)] {
    let read = IndexTensor(clicks, shape: [1, clicks.count], on: backend)
    let length = IndexTensor([Int32(clicks.count)], shape: [1], on: backend)
    let agentState = agent.encoder(read, lengths: length).last.hidden
    let userState = user.encoder(read, lengths: length).last.hidden
    let all = (0..<Int32(items)).map { $0 } + [Int32(items)]
    let scores = try user.clickLogits(
      userState, IndexTensor(all, shape: [1, items + 1], on: backend)
    ).host()
    let rewards = try (0..<Int32(items)).map { item in
      let logit = try user.rewardLogits(
        userState, IndexTensor([item], shape: [1], on: backend)
      ).host()[0]
      return 1 / (1 + exp(-Double(logit)))
    }
    var leaving = 0.0
    var steps: [(step: Step?, probability: Double)] = []
    for (list, probability) in lists(Self.softmax(try agent.logits(agentState).host())) {
      let choices = Self.softmax((list + [Int32(items)]).map { scores[Int($0)] })
      for (place, click) in list.enumerated() {
        for reward in [0, 1] as [Float] {
          let earned = rewards[Int(click)]
          steps.append(
            (
              Step(list: list, click: click, reward: reward),
              probability * choices[place] * (reward == 1 ? earned : 1 - earned)
            ))
        }
      }
      leaving += probability * choices[list.count]
    }
    return steps + [(nil, leaving)]
  }

  /// Every way in which a session may go on from its first steps.
  func continuations(
    _ steps: [Step]
  ) throws -> [(steps: [Step], probability: Double)] {
    guard steps.count < configuration.longestSession else { return [(steps, 1)] }
    return try next(steps.map(\.click)).flatMap { step, probability in
      guard let step else { return [(steps, probability)] }
      return try continuations(steps + [step]).map { ($0.steps, $0.probability * probability) }
    }
  }

  /// D of whole sessions, as a function of its own inputs.
  func realness(_ sessions: [[Step]]) throws -> [Double] {
    let (t, k) = (sessions.map(\.count).max()!, configuration.listSize)
    var (clicks, rewards, lists) = ([Int32](), [Float](), [Int32]())
    for session in sessions {
      for step in 0..<t {
        let isThere = step < session.count
        clicks.append(isThere ? session[step].click : -1)
        rewards.append(isThere ? session[step].reward : 0)
        let list = isThere ? session[step].list : []
        lists += list + Array(repeating: -1, count: k - list.count)
      }
    }
    let count = sessions.count
    return try discriminator.logits(
      clicks: IndexTensor(clicks, shape: [count, t], on: backend),
      lists: IndexTensor(lists, shape: [count, t, k], on: backend),
      rewards: Tensor(rewards, shape: [count, t], on: backend),
      lengths: IndexTensor(sessions.map { Int32($0.count) }, shape: [count], on: backend)
    ).host().map { 1 / (1 + exp(-Double($0))) }
  }
}

extension SessionLog {
  fileprivate func tinySteps(of session: Int) -> [TinyUsers.Step] {
    steps(of: session).map {
      TinyUsers.Step(list: Array(list(of: $0)), click: clicks[$0], reward: rewards[$0])
    }
  }
}

@Suite("Sessions that U and A make up")
struct SessionRollOutTests {
  private func draws(_ seed: UInt64) -> DrawSequence { DrawSequence(seed: seed, stream: 1) }

  @Test("they are sessions", arguments: TestDevices.all)
  func legal(_ device: TestDevice) throws {
    let users = TinyUsers(items: 12, list: 3, steps: 6, on: try device.make())
    let starts = (0..<600).map { Int32($0 % 12) }
    var numbers = draws(1)
    let log = try users.rollOuts.sessions(from: starts, &numbers)
    #expect(log.count == 600 && log.clicks.count > 1_200)
    for session in 0..<log.count {
      let steps = log.steps(of: session)
      #expect((1...6).contains(steps.count) && log.ended[session] == (steps.count < 6))
      #expect(log.clicks[steps.lowerBound] == starts[session])
      #expect(log.rewards[steps.lowerBound] == 0 && log.list(of: steps.lowerBound).isEmpty)
      for step in steps.dropFirst() {
        let list = Array(log.list(of: step))
        #expect(
          list.count == 3 && Set(list).count == 3 && list.allSatisfy { (0..<12).contains($0) })
        #expect(list.contains(log.clicks[step]) && [0, 1].contains(log.rewards[step]))
      }
    }
    #expect(Set(log.ended) == [true, false] && Set(log.rewards) == [0, 1])
    var again = draws(1)
    #expect(try users.rollOuts.sessions(from: starts, &again).spelled == log.spelled)
    var other = draws(2)
    #expect(try users.rollOuts.sessions(from: starts, &other).spelled != log.spelled)
  }

  /// Lists in their order, clicks, rewards and leaving, at the first step and at the second.
  @Test("they come as often as they should", arguments: TestDevices.all)
  func frequencies(_ device: TestDevice) throws {
    let users = TinyUsers(items: 4, list: 2, steps: 3, on: try device.make())
    var numbers = draws(5)
    let start: Int32 = 2
    let log = try users.rollOuts.sessions(
      from: Array(repeating: start, count: 20_000), &numbers)
    func expectShares(
      _ sessions: [Int], of position: Int, behind clicks: [Int32]
    ) throws {
      let expected = try users.next(clicks)
      #expect(abs(expected.reduce(0) { $0 + $1.probability } - 1) < 1e-9)
      var counts: [TinyUsers.Step?: Int] = [:]
      for session in sessions {
        let steps = log.tinySteps(of: session)
        counts[steps.count > position ? steps[position] : nil, default: 0] += 1
      }
      let p = ChiSquare.pValue(
        observed: expected.map { counts[$0.step] ?? 0 },
        expected: expected.map { $0.probability * Double(sessions.count) })
      #expect(p > 1e-3, "\(clicks)")
      #expect(expected.reduce(0) { $0 + (counts[$1.step] ?? 0) } == sessions.count)
    }
    try expectShares(Array(0..<log.count), of: 1, behind: [start])
    for click in 0..<Int32(4) {
      let sessions = (0..<log.count).filter {
        let steps = log.steps(of: $0)
        return steps.count > 1 && log.clicks[steps.lowerBound + 1] == click
      }
      try expectShares(sessions, of: 2, behind: [start, click])
    }
  }

  @Test(
    "q_D is D's own of a whole session, and its mean over what may follow of a part",
    arguments: TestDevices.all, IRecGANConfiguration.DiscriminatorForm.allCases)
  func realness(
    _ device: TestDevice, _ form: IRecGANConfiguration.DiscriminatorForm
  ) throws {
    let users = TinyUsers(items: 3, list: 2, steps: 4, form: form, on: try device.make())
    var log = SessionLog(name: "made", format: "", checksum: "", itemCount: 3)
    for clicks in [[2, 0, 1, 0], [1, 2, 2], [0, 1], [2]] as [[Int32]] {
      for (step, click) in clicks.enumerated() {
        log.addStep(
          click: click, reward: Float(step % 2), list: step == 0 ? [] : [click, (click + 1) % 3])
      }
      log.endSession(ended: clicks.count < 4)
    }
    var numbers = draws(9)
    let found = try users.rollOuts.realness(of: log, by: users.discriminator, &numbers)
    #expect(found.count == log.stepCount)
    for session in 0..<log.count {
      let (steps, at) = (log.tinySteps(of: session), log.steps(of: session))
      #expect(steps.count == 1 || found[at.lowerBound] == 1)
      if steps.count > 1 {
        let own = try users.realness([steps])[0]
        #expect(abs(Double(found[at.upperBound - 1]) - own) < 1e-5)
      } else {
        #expect(found[at.lowerBound] == 1)
      }
      for length in 2..<max(2, steps.count) {
        let ways = try users.continuations(Array(steps.prefix(length)))
        let values = try users.realness(ways.map(\.steps))
        #expect(abs(ways.reduce(0) { $0 + $1.probability } - 1) < 1e-9)
        let mean = zip(ways, values).reduce(0) { $0 + $1.0.probability * $1.1 }
        let square = zip(ways, values).reduce(0) { $0 + $1.0.probability * $1.1 * $1.1 }
        let error = ((square - mean * mean) / 1_000).squareRoot()
        let difference = abs(Double(found[at.lowerBound + length - 1]) - mean)
        #expect(difference < 4 * error + 1e-6, "\(length) of \(steps.count): \(difference)")
      }
    }
    var again = draws(9)
    #expect(try users.rollOuts.realness(of: log, by: users.discriminator, &again) == found)
  }
}
