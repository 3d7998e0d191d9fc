import Agents
import DRRCore
import Environments
import Platform
import Tensor

/// Learns slates by λ-returns from users side by side, without a target network: T steps of each user,
/// then updates from the latest T steps and those before them, as far as they are kept (after Gallici
/// et al. 2024, PQN). The first steps are random; of them come the scales of inputs and returns.
///
/// Every random number is drawn from the seed and the step, so a trainer that is saved and restored
/// goes on to the same bits.
package final class SlateQTrainer {
  package let configuration: SlateQConfiguration
  package let backend: any Backend
  package private(set) var world: any FeatureEnvironments<Int32>
  package private(set) var inputs: SlateInputs
  package let network: SlateNetwork
  /// Its weights over the latest updates, averaged: what is played where nothing is learned.
  package let averaged: SlateNetwork
  let optimizer: Adam
  private let seed: UInt64
  private var memory: EpisodeMemory
  private var offers: SlateOffers
  private let ring: SlateRing
  /// Which steps the updates are made of, on the device.
  private let drawn: IndexTensor
  /// What q is measured in.
  package private(set) var unit: Float = 1
  /// Steps of all users so far.
  package private(set) var step = 0
  /// Of the latest update; nil before the first.
  package private(set) var losses: SlateNetwork.Losses?
  package var tally: EpisodeTally
  /// Who computes the gradients of a batch.
  package var sharing = SharedUpdates()

  /// A trainer at step 0.
  ///
  /// - Parameter world: as many users as the configuration says, in their first episodes.
  package init(
    _ configuration: SlateQConfiguration, world: any FeatureEnvironments<Int32>, seed: UInt64,
    on backend: any Backend
  ) {
    let (c, layout) = (configuration, world.rows.observation.layout)
    require(world.count == c.environments, "SlateQ: \(world.count) users of \(c.environments)")
    self.configuration = c
    self.backend = backend
    self.world = world
    self.seed = seed
    let inputs = SlateInputs(layout, c)
    self.inputs = inputs
    func network() -> SlateNetwork {
      SlateNetwork(c, inputs: inputs.width, stepWidth: inputs.stepWidth, seed: seed, on: backend)
    }
    (self.network, averaged) = (network(), network())
    optimizer = Adam(self.network.parameters, learningRate: c.learningRate)
    memory = EpisodeMemory(layout, c, count: world.count)
    offers = SlateOffers(inputs, users: world.count, on: backend)
    ring = SlateRing(c, inputs, on: backend)
    let updates = Self.updates(of: c.capacity, c)
    drawn = IndexTensor(repeating: 0, shape: [updates * c.batchSize], on: backend)
    tally = EpisodeTally(environments: world.count)
  }

  /// q of the latest update's batch, as returns; nil before the first, and of a policy gradient, which
  /// has none.
  package func histogram() throws -> Histogram? {
    guard let losses, configuration.learner != .pg else { return nil }
    return Histogram(try losses.values.host().map { $0 * unit })
  }

  /// The networks as they began.
  package func untrained() -> SlateNetwork {
    SlateNetwork(
      configuration, inputs: inputs.width, stepWidth: inputs.stepWidth, seed: seed, on: backend)
  }

  /// What plays for so many users by a network of this training, without exploration.
  package func player(_ network: SlateNetwork, users: Int) -> SlateQPlayer {
    SlateQPlayer(network, configuration, inputs, unit: unit, users: users)
  }

  /// Whether the random steps are over.
  private var hasScales: Bool { step > 0 }

  /// T steps of each user, or the random ones, and the updates that follow.
  ///
  /// - Throws: `BackendError` if the device fails; `Diverged` where q is of no numbers.
  package func advance() throws {
    let c = configuration
    var rollout = Rollout()
    let length = hasScales ? c.horizon : c.horizon * c.rollouts
    for _ in 0..<length { try act(&rollout) }
    rollout.values += try worths(of: try hasScales ? choices() : nil)
    var found = lambdaReturns(
      rewards: rollout.rewards, values: rollout.values, ended: rollout.ended, cut: rollout.cut,
      users: world.count, discount: c.discount, lambda: hasScales ? c.lambda : 1)
    let advantages = c.learner == .pg ? Self.standardized(zip(found, rollout.values).map(-)) : []
    if !hasScales {
      inputs.standardize(&rollout.steps.records, &rollout.steps.past)
      let squares = found.reduce(0.0) { $0 + Double($1) * Double($1) }
      unit = max(Float((squares / Double(found.count)).squareRoot()), 1e-6)
    }
    for place in found.indices { found[place] /= unit }
    let slot = hasScales ? step / c.rolloutSteps % c.rollouts * c.rolloutSteps : 0
    ring.write(rollout.steps, returns: found, advantages: advantages, at: slot)
    step += found.count
    let updates = Self.updates(of: found.count, c)
    draw(updates)
    for number in 0..<updates { update(number) }
  }

  /// Updates behind so many new steps.
  private static func updates(of steps: Int, _ c: SlateQConfiguration) -> Int {
    max(1, steps * c.epochs / c.batchSize)
  }

  private var size: Int { world.actionWidth }

  /// What T steps came to, [T · B], and what follows, [B].
  private struct Rollout {
    var steps = SlateRing.Steps()
    var values: [Float] = []
    var rewards: [Float] = []
    var ended: [Bool] = []
    var cut: [Float?] = []
  }

  private func look() { offers.look(world.rows.observation, memory, through: inputs) }

  /// The weights and values of what every user is offered.
  private func choices() throws -> [SlateChoice] {
    look()
    return try offers.choices(network, unit: unit)
  }

  /// What the best slates are worth, [B]; nothing before there are scales.
  private func worths(of choices: [SlateChoice]?) throws -> [Float] {
    choices?.map { Float($0.value($0.best(configuration.slates, size: size))) }
      ?? Array(repeating: 0, count: world.count)
  }

  /// One step of every user.
  private func act(_ rollout: inout Rollout) throws {
    let c = configuration
    let (n, users) = (inputs.layout.candidates, world.count)
    let epsilon = hasScales ? c.epsilon : 1
    let choices: [SlateChoice]?
    if hasScales { choices = try self.choices() } else { (choices, _) = (nil, look()) }
    var random = Philox(
      key: seed, stream: Streams.slateExploration,
      counter: UInt64(step / users + rollout.rewards.count / users) << 24)
    var slates: [Int32] = []
    slates.reserveCapacity(users * size)
    for row in 0..<users {
      let slate: [Int32] =
        if epsilon >= 1 || Double(random.uniform()) < epsilon {
          randomSlate(of: n, size: size, &random)
        } else if c.learner == .pg {
          choices![row].drawn(size: size, &random)
        } else {
          choices![row].best(c.slates, size: size)
        }
      rollout.values.append(Float(choices?[row].value(slate) ?? 0))
      if c.learner == .pg {
        let beta = choices?[row].logProbability(slate)
        rollout.steps.logBeta.append(
          Float(beta ?? -(0..<size).reduce(0) { $0 + log(Double(n - $1)) }))
      }
      slates += slate
    }
    memory.show(slates, of: world.rows.observation)
    world.step(slates)

    let rows = world.rows
    for row in 0..<users {
      let slate = slates[row * size..<(row + 1) * size].map { Int($0) }
      let chosen = rows.observation.chosenPlace(row)
      for candidate in kept(slate, chosen: chosen, none: n) {
        let start = (row * (n + 1) + candidate) * inputs.width
        rollout.steps.records += offers.inputs[start..<start + inputs.width]
      }
      tally.add(row, reward: rows.rewards[row], isLast: rows.hasEnded(row))
    }
    rollout.steps.past += offers.past
    if c.learner == .pg { rollout.steps.picks += slates }
    rollout.rewards += rows.rewards
    rollout.ended += rows.terminated
    memory.take(rows)
    rollout.cut += try worthAfterCut(rows)
    for row in 0..<users where rows.hasEnded(row) { memory.clear(row) }
    world.beginEnded()
  }

  /// The documents of a step that are kept, in their order; of SlateQ what was chosen stands first.
  private func kept(_ slate: [Int], chosen: Int?, none: Int) -> [Int] {
    switch configuration.learner {
    case .slateq:
      var order = slate + [none]
      order.swapAt(0, chosen ?? slate.count)
      return order
    case .dqn: return slate
    case .pg: return [none] + Array(0..<none)
    }
  }

  /// What follows where an episode was cut off.
  private func worthAfterCut(_ rows: WorldRows) throws -> [Float?] {
    guard rows.truncated.contains(true) else { return Array(repeating: nil, count: rows.count) }
    let worths = try worths(of: hasScales ? choices() : nil)
    return zip(worths, rows.truncated).map { $1 ? $0 : nil }
  }

  /// To mean 0 and deviation 1.
  private static func standardized(_ numbers: [Float]) -> [Float] {
    var (scales, scaled) = (Scales(width: 1), numbers)
    scales.fit(numbers, at: Array(numbers.indices))
    for place in scaled.indices { scales.apply(to: &scaled, at: place) }
    return scaled
  }

  /// Draws the steps of so many updates from all that are kept.
  private func draw(_ updates: Int) {
    var random = Philox(key: seed, stream: Streams.slateReplay, counter: UInt64(step) << 24)
    let steps = (0..<updates * configuration.batchSize).map { _ in
      Int32(random.index(below: configuration.capacity))
    }
    backend.write(steps, to: drawn.view[0..<steps.count])
  }

  /// The update of that number behind the latest steps. Never waits for the device.
  package func update(_ number: Int) {
    let c = configuration
    let index = IndexTensor(
      view: drawn.view[number * c.batchSize..<(number + 1) * c.batchSize], shape: [c.batchSize],
      on: backend)
    let (hasChoice, valued) = (c.learner != .dqn, c.learner.valued(inputs.layout))
    let update = sharing.update(
      network.parameters, rows: c.batchSize, losses: hasChoice ? 2 : 1, columns: [valued]
    ) { rows in
      let found = network.losses(ring.batch(at: index[rows]))
      guard let choice = found.choice else {
        return .init(found.value, columns: [found.values])
      }
      return .init(found.value, choice, columns: [found.values])
    }
    losses = SlateNetwork.Losses(
      value: update.loss, choice: hasChoice ? update.losses[1] : nil, values: update.columns[0])
    let progress = min(1, Float(step) / Float(c.steps))
    optimizer.learningRate = c.learningRate * max(1 - progress, 0.02)
    optimizer.step(target: averaged.parameters, rate: c.averageRate)
  }

  package func save(to file: inout SafetensorsWriter) throws {
    try network.parameters.save(to: &file, "slateq.network")
    try averaged.parameters.save(to: &file, "slateq.averaged")
    try optimizer.save(to: &file, "slateq.adam")
    try inputs.save(to: &file, "slateq.inputs")
    try file.add("slateq.unit", [unit])
    try ring.save(to: &file, "slateq")
    try memory.save(to: &file, "slateq")
    try world.save(to: &file, "world")
    try tally.save(to: &file)
    try file.add("trainer.counters", [Int64(step)])
  }

  /// Reads and checks everything; what it returns puts it in place and cannot fail.
  package func prepareRestore(from file: SafetensorsFile) throws -> () -> Void {
    let step = try file.integer("trainer.counters", .count)
    let most = configuration.capacity + configuration.rolloutSteps
    try file.requireSteps(of: step, "trainer.counters", configuration.steps, most)
    try file.require(
      step == 0 || step >= configuration.capacity && step % configuration.rolloutSteps == 0,
      "trainer.counters", "has \(step) steps", "whole rollouts")
    let restores = try [
      network.parameters.prepareRestore(from: file, "slateq.network"),
      averaged.parameters.prepareRestore(from: file, "slateq.averaged"),
      optimizer.prepareRestore(from: file, "slateq.adam"),
      ring.prepareRestore(from: file, "slateq"),
    ]
    let inputs = try inputs.restored(from: file, "slateq.inputs")
    let unit = try file.floats("slateq.unit", .positive, shape: [1])[0]
    let memory = try memory.restored(from: file, "slateq")
    var tally = tally
    try tally.restore(from: file)
    var world = world
    try world.restore(from: file, "world")
    return { [self] in
      for restore in restores { restore() }
      (self.inputs, self.unit, self.memory) = (inputs, unit, memory)
      (self.world, self.tally, self.step, losses) = (world, tally, step, nil)
    }
  }
}
