import Agents
import DRRCore
import Environments
import Tensor

/// Learns SlateQ by λ-returns from users side by side, without a target network: T steps of each user,
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
  package let network: SlateQ
  /// Its weights over the latest updates, averaged: what is played where nothing is learned.
  package let averaged: SlateQ
  let optimizer: Adam
  private let seed: UInt64
  private var traces: SessionTraces
  /// What q is measured in.
  package private(set) var unit: Float = 1
  /// Steps of all users so far.
  package private(set) var step = 0
  /// Of the latest update; nil before the first.
  package private(set) var losses: (value: Tensor, choice: Tensor)?
  package var tally: EpisodeTally

  // On the device: what is shown now, what is kept, and which steps the updates are made of.
  private let offered: Tensor
  private let records: Tensor
  private let returns: Tensor
  private let first: IndexTensor
  private let drawn: IndexTensor

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
    inputs = SlateInputs(layout, c)
    network = SlateQ(c, inputs: inputs.width, seed: seed, on: backend)
    averaged = SlateQ(c, inputs: inputs.width, seed: seed, on: backend)
    optimizer = Adam(network.parameters, learningRate: c.learningRate)
    traces = SessionTraces(layout, c, count: world.count)
    tally = EpisodeTally(environments: world.count)
    offered = Tensor(
      uninitialized: [world.count * (layout.candidates + 1), inputs.width], on: backend)
    records = Tensor(
      repeating: 0, shape: [c.capacity, (layout.slate + 1) * inputs.width], on: backend)
    returns = Tensor(repeating: 0, shape: [c.capacity, 1], on: backend)
    first = IndexTensor(repeating: 0, shape: [c.batchSize], on: backend)
    let updates = Self.updates(of: c.capacity, c)
    drawn = IndexTensor(repeating: 0, shape: [updates * c.batchSize], on: backend)
  }

  /// The networks as they began.
  package func untrained() -> SlateQ {
    SlateQ(configuration, inputs: inputs.width, seed: seed, on: backend)
  }

  /// What plays for so many users by a network of this training, without exploration.
  package func player(_ network: SlateQ, users: Int) -> SlateQPlayer {
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
    rollout.values +=
      hasScales
      ? try choices().map { $0.value($0.best(c.slates, size: size)) }
      : [Float](repeating: 0, count: world.count).map { Double($0) }
    var found = lambdaReturns(
      rewards: rollout.rewards, values: rollout.values.map { Float($0) }, ended: rollout.ended,
      cut: rollout.cut, users: world.count, discount: c.discount,
      lambda: hasScales ? c.lambda : 1)
    if !hasScales {
      inputs.standardize(&rollout.records)
      let squares = found.reduce(0.0) { $0 + Double($1) * Double($1) }
      unit = max(Float((squares / Double(found.count)).squareRoot()), 1e-6)
    }
    for place in found.indices { found[place] /= unit }
    let slot = hasScales ? step / c.rolloutSteps % c.rollouts * c.rolloutSteps : 0
    let width = records.shape[1]
    backend.write(
      rollout.records, to: records.view[slot * width..<slot * width + rollout.records.count])
    backend.write(found, to: returns.view[slot..<slot + found.count])
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

  /// What T steps came to.
  private struct Rollout {
    /// [T · B, (K + 1) M].
    var records: [Float] = []
    /// [T · B], and [B] for what follows.
    var values: [Double] = []
    var rewards: [Float] = []
    var ended: [Bool] = []
    var cut: [Float?] = []
  }

  /// What every user is offered, as the networks see it now.
  private var shown: [Float] = []

  private func look() {
    let layout = inputs.layout
    let count = world.count * (layout.candidates + 1) * inputs.width
    if shown.count != count { shown = Array(repeating: 0, count: count) }
    inputs.write(world.rows.observation, traces, into: &shown)
  }

  /// The weights and values of what every user is offered.
  private func choices() throws -> [SlateChoice] {
    look()
    backend.write(shown, to: offered.view)
    return try network.choices(offered, users: world.count, unit: unit)
  }

  /// One step of every user.
  private func act(_ rollout: inout Rollout) throws {
    let (n, width, users) = (inputs.layout.candidates, inputs.width, world.count)
    let epsilon = hasScales ? configuration.epsilon : 1
    let choices: [SlateChoice]?
    if hasScales { choices = try self.choices() } else { (choices, _) = (nil, look()) }
    var random = Philox(
      key: seed, stream: Streams.slateExploration,
      counter: UInt64(step / users + rollout.rewards.count / users) << 24)
    var slates: [Int32] = []
    slates.reserveCapacity(users * size)
    for row in 0..<users {
      var slate: [Int32] = []
      if epsilon >= 1 || Double(random.uniform()) < epsilon {
        while slate.count < size {
          let drawn = Int32(random.index(below: n))
          if !slate.contains(drawn) { slate.append(drawn) }
        }
      } else {
        slate = choices![row].best(configuration.slates, size: size)
      }
      rollout.values.append(choices?[row].value(slate) ?? 0)
      slates += slate
    }
    world.step(slates)

    let rows = world.rows
    for row in 0..<users {
      let place = (0..<size).first { rows.observation.response(row, $0).first == 1 }
      // What was chosen stands first.
      var order = slates[row * size..<(row + 1) * size].map { Int($0) } + [n]
      order.swapAt(0, place ?? size)
      for candidate in order {
        let start = (row * (n + 1) + candidate) * width
        rollout.records += shown[start..<start + width]
      }
      traces.add(
        row,
        chosen: place.map {
          (
            rows.observation.response(row, $0),
            inputs.document(in: shown, at: (row * (n + 1) + order[0]) * width)
          )
        })
      tally.add(row, reward: rows.rewards[row], isLast: rows.hasEnded(row))
    }
    rollout.rewards += rows.rewards
    rollout.ended += rows.terminated
    rollout.cut += try worthAfterCut(rows)
    for row in 0..<users where rows.hasEnded(row) { traces.clear(row) }
    world.beginEnded()
  }

  /// What follows where an episode was cut off.
  private func worthAfterCut(_ rows: WorldRows) throws -> [Float?] {
    var worths = [Float?](repeating: nil, count: rows.count)
    guard rows.truncated.contains(true) else { return worths }
    let choices = hasScales ? try choices() : nil
    for row in 0..<rows.count where rows.truncated[row] {
      worths[row] =
        choices.map { choices in
          Float(choices[row].value(choices[row].best(configuration.slates, size: size)))
        } ?? 0
    }
    return worths
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
    losses = network.losses(
      records.detachedRows(at: index), returns.detachedRows(at: index).reshaped([c.batchSize]),
      first: first)
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
    try file.add("slateq.records", records.host(), shape: records.shape.array)
    try file.add("slateq.returns", returns.host(), shape: returns.shape.array)
    try traces.save(to: &file, "slateq")
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
    ]
    let inputs = try inputs.restored(from: file, "slateq.inputs")
    let unit = try file.floats("slateq.unit", .positive, shape: [1])[0]
    let records = try file.floats("slateq.records", shape: records.shape.array)
    let returns = try file.floats("slateq.returns", shape: returns.shape.array)
    let traces = try traces.restored(from: file, "slateq")
    var tally = tally
    try tally.restore(from: file)
    var world = world
    try world.restore(from: file, "world")
    return { [self] in
      for restore in restores { restore() }
      backend.write(records, to: self.records.view)
      backend.write(returns, to: self.returns.view)
      (self.inputs, self.unit, self.traces) = (inputs, unit, traces)
      (self.world, self.tally, self.step, losses) = (world, tally, step, nil)
    }
  }
}
