/// A batch of transitions on the device.
public struct TransitionBatch {
  /// [B]: the slots they came from.
  public let slots: IndexTensor
  /// [B, S] rows that the state is rebuilt from, so that its module gets its true gradient.
  public let states: IndexTensor
  /// [B, S] rows of the states that came after them.
  public let nextStates: IndexTensor
  /// [B, A]
  public let actions: Tensor
  /// [B, 2]: reward, and the weight of the next state's value beside the discount: 1 a step, 0
  /// where the episode terminated.
  public let outcomes: Tensor
  /// [B] importance weights, the largest of the batch 1.
  public let weights: Tensor

  /// A batch by its parts, of B rows each: transitions that no memory holds are learned from too,
  /// as long as no memory is given to the update.
  public init(
    slots: IndexTensor, states: IndexTensor, nextStates: IndexTensor, actions: Tensor,
    outcomes: Tensor, weights: Tensor
  ) {
    self.slots = slots
    self.states = states
    self.nextStates = nextStates
    self.actions = actions
    self.outcomes = outcomes
    self.weights = weights
  }

  /// Some of its rows, where they lie.
  public subscript(rows: Range<Int>) -> TransitionBatch {
    TransitionBatch(
      slots: slots[rows], states: states[rows], nextStates: nextStates[rows],
      actions: actions[rows], outcomes: outcomes[rows], weights: weights[rows])
  }
}

/// Prioritised experience replay, proportional variant (Schaul et al. 2016, algorithm 1), in
/// device memory: a ring of transitions, struct of arrays, and a sum tree over their priorities.
/// Neither sampled slots nor TD errors cross to the host.
public final class ReplayBuffer {
  /// The sizes of a memory, and how it draws.
  public struct Configuration: Hashable, Sendable {
    /// Transitions held at most, 1 or more.
    public var capacity: Int
    /// Integers that a state is rebuilt from.
    public var stateWidth: Int
    /// A, the numbers of an action.
    public var actionWidth: Int
    /// α: 0 samples uniformly.
    public var priorityExponent: Float
    /// Added to |TD error|, so that no transition is forgotten.
    public var priorityOffset: Float

    /// A configuration by its parts.
    public init(
      capacity: Int, stateWidth: Int, actionWidth: Int, priorityExponent: Float,
      priorityOffset: Float = 1e-5
    ) {
      self.capacity = capacity
      self.stateWidth = stateWidth
      self.actionWidth = actionWidth
      self.priorityExponent = priorityExponent
      self.priorityOffset = priorityOffset
    }
  }

  /// What the memory was made with.
  public let configuration: Configuration
  /// The device that the memory is on.
  public let backend: any Backend
  /// Transitions held, at most the capacity.
  public internal(set) var count = 0
  /// The slot that the next transition goes to.
  public internal(set) var next = 0
  let rings: ReplayRings
  let tree: Floats
  let leafCount: Int
  /// The largest priority so far, which fresh transitions get; 1 at first.
  let maximumPriority: Floats

  /// An empty memory, all of whose room is taken at once.
  public init(_ configuration: Configuration, on backend: any Backend) {
    let c = configuration
    require(c.capacity > 0 && c.stateWidth > 0 && c.actionWidth > 0, "replay: \(c)")
    self.configuration = c
    self.backend = backend
    func ints(_ count: Int) -> Indices { Indices(backend.allocate(count), count: count) }
    func floats(_ count: Int) -> Floats { Floats(backend.allocate(count), count: count) }
    rings = ReplayRings(
      states: ints(c.capacity * c.stateWidth), nextStates: ints(c.capacity * c.stateWidth),
      actions: floats(c.capacity * c.actionWidth), outcomes: floats(c.capacity * 2),
      capacity: c.capacity, s: c.stateWidth, a: c.actionWidth)
    leafCount = 1 << (Int.bitWidth - (c.capacity - 1).leadingZeroBitCount)
    tree = floats(2 * leafCount)
    backend.fill(0, into: tree)
    maximumPriority = floats(1)
    backend.fill(1, into: maximumPriority)
  }

  /// One transition as it happened on the host; its action is on the device already.
  public struct Transition: Hashable, Sendable {
    /// The row [S] of the state before.
    public var state: [Int32]
    /// The row [S] of the state after.
    public var nextState: [Int32]
    /// r, of m steps their discounted sum.
    public var reward: Float
    /// What the value of the next state counts, relative to the discount: γ^(m−1) after m steps,
    /// 0 where the episode terminated.
    public var continuation: Float

    /// A transition by its parts.
    public init(state: [Int32], nextState: [Int32], reward: Float, continuation: Float) {
      self.state = state
      self.nextState = nextState
      self.reward = reward
      self.continuation = continuation
    }

    /// One step.
    public init(state: [Int32], nextState: [Int32], reward: Float, terminated: Bool) {
      self.init(
        state: state, nextState: nextState, reward: reward, continuation: terminated ? 0 : 1)
    }
  }

  /// Appends transition i with row i of `actions` [B, A]; the oldest ones make room.
  public func append(_ transitions: [Transition], actions: Tensor) {
    let (c, b) = (configuration, transitions.count)
    require(
      actions.shape == [b, c.actionWidth] && b <= c.capacity,
      "replay: \(b) transitions, actions \(actions.shape)")
    var rows: [Int32] = []
    var outcomes: [Float] = []
    rows.reserveCapacity(b * (1 + 2 * c.stateWidth))
    for transition in transitions {
      require(
        transition.state.count == c.stateWidth && transition.nextState.count == c.stateWidth,
        "replay: a state of \(transition.state.count), want \(c.stateWidth)")
      rows.append(Int32(next))
      rows += transition.state
      rows += transition.nextState
      outcomes += [transition.reward, transition.continuation]
      next = (next + 1) % c.capacity
      count = min(count + 1, c.capacity)
    }
    let stride = 1 + 2 * c.stateWidth
    let packed = IndexTensor(rows, shape: [b, stride], on: backend)
    let host = Tensor(outcomes, shape: [b, 2], on: backend)
    backend.replayAppend(
      rings, transition: packed.view, actions: actions.view, outcomes: host.view, b: b)
    backend.sumTreeSet(
      tree, capacity: leafCount, leaves: packed.view, stride: stride, values: maximumPriority,
      b: b)
  }

  /// β at a step of so many: it rises linearly from what it is at the first to 1 at the last.
  public static func importanceExponent(from first: Float, at step: Int, of steps: Int) -> Float {
    first + (1 - first) * min(1, Float(step) / Float(max(steps - 1, 1)))
  }

  /// `batchSize` transitions drawn in proportion to their priorities, one a stratum.
  /// - Parameter importanceExponent: β; weights are (count · P(i))^−β over their largest.
  public func sample(
    _ batchSize: Int, importanceExponent: Float, _ random: RandomKey
  ) -> TransitionBatch {
    require(count > 0, "replay: nothing to sample from")
    let (c, b) = (configuration, batchSize)
    let batch = TransitionBatch(
      slots: IndexTensor(uninitialized: [b], on: backend),
      states: IndexTensor(uninitialized: [b, c.stateWidth], on: backend),
      nextStates: IndexTensor(uninitialized: [b, c.stateWidth], on: backend),
      actions: Tensor(uninitialized: [b, c.actionWidth], on: backend),
      outcomes: Tensor(uninitialized: [b, 2], on: backend),
      weights: Tensor(uninitialized: [b], on: backend))
    backend.sumTreeSample(
      tree, capacity: leafCount, filled: count, b: b, exponent: importanceExponent, random,
      into: batch.slots.view, weights: batch.weights.view)
    backend.replayGather(
      rings, index: batch.slots.view, b: b, states: batch.states.view,
      nextStates: batch.nextStates.view, actions: batch.actions.view,
      outcomes: batch.outcomes.view)
    return batch
  }

  /// Priorities of the batch from its TD errors: (|value − target| + offset)^α.
  public func reprioritize(_ batch: TransitionBatch, values: Tensor, targets: Tensor) {
    let b = batch.slots.shape[0]
    require(
      values.shape.count == b && targets.shape.count == b,
      "replay: \(b) slots, values \(values.shape), targets \(targets.shape)")
    let priorities = Tensor(uninitialized: [b], on: backend)
    backend.prioritize(
      values.view, targets.view, b: b, exponent: configuration.priorityExponent,
      offset: configuration.priorityOffset, into: priorities.view, maximum: maximumPriority)
    backend.sumTreeSet(
      tree, capacity: leafCount, leaves: batch.slots.view, stride: 1, values: priorities.view,
      b: b)
  }
}
