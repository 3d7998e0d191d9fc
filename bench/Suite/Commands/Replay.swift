import ArgumentParser
import DRR
import Tensor

/// A large replay memory: what training asks of it.
struct Replay: MeasuringCommand {
  static let configuration = CommandConfiguration(
    abstract: "Time appending to, sampling from and reprioritising a large replay memory.",
    discussion: """
      The figures of AgileRL's vectorised buffer stand beside them, as its authors published them \
      (61, 6 and 247 µs at a million rows and batch 256, on a machine of theirs).

      Examples:
        drr bench replay --threads 1
        drr bench replay --rows 100000 --batch 64
      """)

  @OptionGroup var measuring: MeasuringOptions
  @Option(help: "Transitions held.")
  var rows = 1_000_000
  @Option(help: "Transitions at once.")
  var batch = 256
  @Option(help: "Numbers of an action.")
  var width = 100

  func validate() throws {
    try requireSizes([("rows", [rows])], upTo: 100_000_000)
    try requireSizes([("batch", [batch]), ("width", [width])])
    guard batch <= rows else {
      throw ValidationError("--batch is \(batch); it must be at most --rows, \(rows).")
    }
  }

  func figures(in room: Room) throws -> [Figure] {
    room.begin(6)
    let backend = room.backend
    let memory = try filled(on: backend)
    var random = Philox(seed: 3, stream: 0)
    func tensor() -> Tensor {
      Tensor((0..<batch).map { _ in random.uniform() }, shape: [batch], on: backend)
    }
    let values = (0..<8).map { _ in (tensor(), tensor()) }
    let fresh = (0..<8).map { _ in transitions(batch, &random) }
    let actions = Tensor(
      Array(repeating: 0.5, count: batch * width), shape: [batch, width], on: backend)
    var counter: UInt64 = 0
    func sample() -> TransitionBatch {
      counter += 1
      return memory.sample(
        batch, importanceExponent: 0.4, RandomKey(key: 9, counter: counter))
    }
    let batches = (0..<8).map { _ in sample() }
    try backend.synchronize()

    // The tree's part alone, on a tree of the same size.
    let inputs = Inputs(on: backend, seed: 5)
    let leaves = 1 << (Int.bitWidth - (rows - 1).leadingZeroBitCount)
    let tree = inputs.sumTree(leaves)
    let (slots, weights) = (inputs.emptyIndices(batch), inputs.empty(batch))
    func draw(_ exponent: Float) {
      backend.sumTreeSample(
        tree, capacity: leaves, filled: rows, b: batch, exponent: exponent, inputs.key,
        into: slots, weights: weights)
    }
    var next = 0
    func turn() -> Int {
      next = (next + 1) % 8
      return next
    }
    let works: [(Work, published: Double?, note: String?)] = [
      (
        room.work("draw \(batch) with their weights") { draw(0.4) }, 67e-6,
        "AgileRL's sampling and weights, 61 + 6 µs"
      ),
      (room.work("draw \(batch), weights all 1") { draw(0) }, nil, nil),
      (
        room.work("sample \(batch): draw, weights, rows gathered") { _ = sample() }, 67e-6,
        "AgileRL's sampling and weights, 61 + 6 µs"
      ),
      (
        room.work("reprioritise \(batch)") {
          let i = turn()
          memory.reprioritize(batches[i], values: values[i].0, targets: values[i].1)
        }, 247e-6, "AgileRL's update of the priorities, 247 µs"
      ),
      (room.work("append \(batch)") { memory.append(fresh[turn()], actions: actions) }, nil, nil),
    ]
    room.step("in turn")
    let samples = try room.harness.measure(works.map(\.0))
    return zip(works, samples).map { work, samples in
      var figure = Figure("replay", work.0.name, samples, in: room)
      if let published = work.published, let time = figure.time {
        figure.values = ["times the published": published / time.median]
        figure.note = work.note
      }
      return figure
    }
  }

  private func transitions(_ count: Int, _ random: inout Philox) -> [ReplayBuffer.Transition] {
    (0..<count).map { _ in
      let state = (0..<6).map { _ in Int32(random.index(below: 3_000)) }
      return ReplayBuffer.Transition(
        state: state, nextState: state.reversed(), reward: random.uniform(), terminated: false)
    }
  }

  private func filled(on backend: any Backend) throws -> ReplayBuffer {
    let memory = ReplayBuffer(
      ReplayBuffer.Configuration(
        capacity: rows, stateWidth: 6, actionWidth: width, priorityExponent: 0.3),
      on: backend)
    var random = Philox(seed: 2, stream: 0)
    let part = min(rows, 16_384)
    let transitions = transitions(part, &random)
    let actions = Tensor(
      Array(repeating: 0.5, count: part * width), shape: [part, width], on: backend)
    while memory.count < rows {
      let count = min(part, rows - memory.count)
      guard count < part else {
        memory.append(transitions, actions: actions)
        continue
      }
      let rest = Tensor(
        Array(repeating: 0.5, count: count * width), shape: [count, width], on: backend)
      memory.append(Array(transitions.prefix(count)), actions: rest)
    }
    try backend.synchronize()
    return memory
  }
}
