import ClickSessions
import IRecGAN
import Tensor
import TestSupport
import Testing

/// The packing of sessions into batches, against a packing that is done session by session.
@Suite("Batches of sessions")
struct SessionEpochTests {
  /// What there is to learn of a session: what was read, and what came then.
  private struct Sample: Hashable, Comparable {
    var read: [Int32]
    var shown: [Int32]
    /// The item; the end where somebody left.
    var choice: Int32
    var reward: Float = 0
    var userWeight: Float
    var rewardWeight: Float = 0
    var agentWeight: Float = 0

    private var key: [Float] {
      [Float(read.count)] + read.map(Float.init) + [Float(choice)] + shown.map(Float.init)
        + [reward, userWeight, rewardWeight, agentWeight]
    }
    static func < (a: Sample, b: Sample) -> Bool { a.key.lexicographicallyPrecedes(b.key) }
  }

  /// Sessions of one to five steps, ended or cut off, with lists of 1 to 4 of 9 items.
  private func log(_ count: Int, seed: UInt64) -> SessionLog {
    var random = TestSupport.SeededGenerator(seed)
    var log = SessionLog(name: "made", format: "", checksum: "", itemCount: 9)
    for session in 0..<count {
      log.addStep(click: Int32.random(in: 0..<9, using: &random))
      for _ in 0..<(session % 5) {
        let list = Array(
          (0..<Int32(9)).shuffled(using: &random).prefix(.random(in: 1...4, using: &random)))
        log.addStep(
          click: list.randomElement(using: &random)!,
          reward: Float.random(in: 0...1, using: &random),
          list: list)
      }
      log.endSession(ended: session % 3 != 0)
    }
    return log
  }

  /// What is predicted of the batch's sessions; lists beside which somebody left are not looked at.
  private func expected(
    _ references: [SessionReference], of sources: [TrainingSessions], rewardedWeight: Float
  ) -> [Sample] {
    references.flatMap { reference -> [Sample] in
      let source = sources[reference.source]
      let (log, steps) = (source.log, source.log.steps(of: reference.session))
      var samples = steps.dropFirst().map { step in
        Sample(
          read: Array(log.clicks[steps.lowerBound..<step]), shown: Array(log.list(of: step)),
          choice: log.clicks[step], reward: log.rewards[step],
          userWeight: source.userWeights[step],
          rewardWeight: source.userWeights[step] * (log.rewards[step] > 0.5 ? rewardedWeight : 1),
          agentWeight: source.agentWeights[step])
      }
      if log.ended[reference.session] {
        samples.append(
          Sample(
            read: Array(log.clicks(of: reference.session)), shown: [], choice: 9,
            userWeight: source.leavingWeights[reference.session]))
      }
      return samples
    }.sorted()
  }

  /// The batch as the networks see it, and the lists shown to those who left.
  private func found(_ batch: SessionBatch) throws -> (samples: [Sample], left: [(Int, [Int32])]) {
    let (clicks, lengths) = (try batch.clicks.host(), try batch.lengths.host())
    let (b, t) = (batch.clicks.shape[0], batch.clicks.shape[1])
    #expect(lengths == lengths.sorted(by: >) && lengths[0] == Int32(t) && lengths[b - 1] > 0)
    for row in 0..<b {
      let tail = clicks[row * t + Int(lengths[row])..<(row + 1) * t]
      #expect(tail.allSatisfy { $0 == -1 })
    }
    let (positions, slates) = (try batch.positions.host(), try batch.slates.host())
    let (choices, items) = (try batch.choices.host(), try batch.items.host())
    let (rewards, weights) = (try batch.rewards.host(), try batch.userWeights.host())
    let rewardWeights = try batch.rewardWeights.host()
    let agentWeights = try batch.agentWeights.host()
    let width = batch.slates.shape[1]
    #expect(try batch.clickPositions.host() == Array(positions.prefix(batch.clickCount)))
    var samples: [Sample] = []
    var left: [(Int, [Int32])] = []
    for (place, position) in positions.enumerated() {
      let (row, column) = (Int(position) / t, Int(position) % t)
      #expect(column < Int(lengths[row]))
      let slate = Array(slates[place * width..<(place + 1) * width])
      #expect(slate[width - 1] == 9)
      let shown = Array(slate.dropLast().prefix { $0 >= 0 })
      #expect(slate.dropLast().dropFirst(shown.count).allSatisfy { $0 == -1 })
      let isClick = place < batch.clickCount
      var sample = Sample(
        read: Array(clicks[row * t...row * t + column]), shown: isClick ? shown : [],
        choice: slate[Int(choices[place])], userWeight: weights[place])
      if isClick {
        #expect(sample.choice == items[place])
        sample.reward = rewards[place]
        sample.rewardWeight = rewardWeights[place]
        sample.agentWeight = agentWeights[place]
      } else {
        left.append((column + 1, shown))
      }
      samples.append(sample)
    }
    return (samples.sorted(), left)
  }

  @Test("every step once, with its list, choice and weights", arguments: TestDevices.all)
  func packing(_ device: TestDevice) throws {
    let backend = try device.make()
    let logs = [log(23, seed: 1), log(11, seed: 2)]
    var random = TestSupport.SeededGenerator(3)
    let sources = logs.map { log in
      var source = TrainingSessions(log)
      source.userWeights = random.floats(log.stepCount)
      source.agentWeights = random.floats(log.stepCount)
      source.leavingWeights = random.floats(log.count)
      return source
    }
    var order = logs.enumerated().flatMap { number, log in
      (0..<log.count).map { SessionReference(source: number, session: $0) }
    }.shuffled(using: &random)
    // One twice, and one not at all.
    order[3] = order[5]
    var draws = Philox(seed: 1, stream: 1)
    let batches = SessionEpoch(
      order, of: sources, batchSize: 6, rewardedWeight: 4, random: &draws, on: backend
    ).batches
    #expect(batches.count == 6)
    for (number, batch) in batches.enumerated() {
      let references = Array(order[6 * number..<min(6 * number + 6, order.count)])
      let (samples, left) = try found(batch)
      #expect(samples == expected(references, of: sources, rewardedWeight: 4))
      // Somebody left beside a list that another session had at that step.
      for (step, list) in left {
        let known = logs.flatMap { log in
          (0..<log.count).compactMap { session -> [Int32]? in
            let steps = log.steps(of: session)
            guard steps.count > 1 else { return nil }
            let level = min(step, 4)
            return steps.count > level ? Array(log.list(of: steps.lowerBound + level)) : nil
          }
        }
        #expect(known.contains(list))
      }
    }
  }

  /// Who left is not read where no list is known at all, and a batch of nothing is none.
  @Test("sessions of which there is nothing to learn")
  func nothing() throws {
    var log = SessionLog(name: "made", format: "", checksum: "", itemCount: 9)
    for session in 0..<4 {
      log.addStep(click: 1)
      log.endSession(ended: session == 3)
    }
    var random = Philox(seed: 1, stream: 1)
    let batches = SessionEpoch(
      (0..<4).map { SessionReference(source: 0, session: $0) }, of: [TrainingSessions(log)],
      batchSize: 2, rewardedWeight: 1, random: &random, on: CPUBackend()
    ).batches
    #expect(batches.allSatisfy { $0.positions.shape[0] > 0 })
  }

  /// γ 0.5, λ_r 3: U's step weighs q; A's last one q (1 + 3 r), one before that as much plus half
  /// of what comes.
  @Test("the weights of both gradients by hand")
  func returns() {
    var log = SessionLog(name: "made", format: "", checksum: "", itemCount: 9)
    for (rewards, ended) in [([0, 1, 0, 1] as [Float], true), ([0, 0], false), ([0], true)] {
      for reward in rewards { log.addStep(click: 1, reward: reward, list: [1]) }
      log.endSession(ended: ended)
    }
    let real = TrainingSessions(log, discount: 0.5, rewardWeight: 3)
    #expect(real.userWeights == [1, 1, 1, 1, 1, 1, 1])
    // 4, 1 + 2, 4 + 1.5, 1 + 2.75.
    #expect(real.agentWeights.prefix(4) == [3.75, 5.5, 3, 4])
    #expect(real.agentWeights[4...] == [1.5, 1, 1])
    #expect(real.leavingWeights == [1, 1, 1])

    let simulated = TrainingSessions(
      log, realness: [1, 0.5, 0.25, 0.125, 1, 0.75, 1], discount: 0.5, rewardWeight: 3)
    #expect(simulated.userWeights == [1, 0.5, 0.25, 0.125, 1, 0.75, 1])
    // 0.5; 0.25 + 0.25; 2 + 0.25; 1 + 1.125.
    #expect(simulated.agentWeights.prefix(4) == [2.125, 2.25, 0.5, 0.5])
    #expect(simulated.agentWeights[4...] == [1.375, 0.75, 1])
    #expect(simulated.leavingWeights == [0.125, 0.75, 1])

    let blind = TrainingSessions(log, discount: 0, rewardWeight: 0)
    #expect(blind.agentWeights == Array(repeating: 1, count: 7))
  }

  @Test("a click whose list is not known counts for the agent, and not for the user's choice")
  func unknownList() throws {
    var log = SessionLog(name: "log", format: "log", checksum: "", itemCount: 4)
    log.addStep(click: 0)
    log.addStep(click: 1, list: [2, 1] as [Int32])
    log.addStep(click: 3)
    log.endSession(ended: false)
    var random = Philox(seed: 1)
    let epoch = SessionEpoch(
      [SessionReference(source: 0, session: 0)], of: [TrainingSessions(log)], batchSize: 4,
      rewardedWeight: 1, random: &random, on: CPUBackend())
    #expect(epoch.batches.count == 1)
    #expect(try epoch.batches[0].userWeights.host() == [1, 0])
    #expect(try epoch.batches[0].agentWeights.host() == [1, 1])
    #expect(try epoch.batches[0].choices.host()[0] == 1)
  }

  @Test("the step baseline leaves a mean of nothing at each step")
  func stepMeans() {
    let before = TrainingSessions(log(17, seed: 4), discount: 0.9, rewardWeight: 1)
    var after = before
    let chosen = Array(2..<15)
    after.subtractStepMeans(over: chosen)
    for number in 0..<5 {
      let steps = chosen.map { before.log.steps(of: $0) }.filter { number < $0.count }
        .map { $0.lowerBound + number }
      let mean = steps.reduce(0.0) { $0 + Double(before.agentWeights[$1]) } / Double(steps.count)
      for step in steps {
        let expected = Double(before.agentWeights[step]) - mean
        #expect(abs(Double(after.agentWeights[step]) - expected) < 1e-5)
      }
      #expect(steps.count > 1)
    }
    // Sessions that do not take part, and U's weights, stay.
    for session in [0, 1, 15, 16] {
      let steps = before.log.steps(of: session)
      #expect(after.agentWeights[steps] == before.agentWeights[steps])
    }
    #expect(after.userWeights == before.userWeights)
  }
}
