/// The rings of a replay memory on the device, struct of arrays, `capacity` rows each.
public struct ReplayRings {
  /// [capacity, s]: what the state is rebuilt from.
  public var states: Indices
  /// [capacity, s]
  public var nextStates: Indices
  /// [capacity, a]
  public var actions: Floats
  /// [capacity, 2]: reward, 1 where the episode did not terminate.
  public var outcomes: Floats
  public var capacity: Int
  public var s: Int
  public var a: Int

  public init(
    states: Indices, nextStates: Indices, actions: Floats, outcomes: Floats, capacity: Int,
    s: Int, a: Int
  ) {
    self.states = states
    self.nextStates = nextStates
    self.actions = actions
    self.outcomes = outcomes
    self.capacity = capacity
    self.s = s
    self.a = a
  }
}

/// Experience replay and its priorities (Schaul et al. 2016, proportional variant), whole on the
/// device: no index and no TD error crosses to the host.
///
/// A sum tree over `capacity` leaves (a power of two) is 2 · capacity floats: node 1 is the root,
/// node i has children 2i and 2i + 1, leaf j is node capacity + j, node 0 is unused.
public protocol ReplayKernels: AnyObject {
  /// Row `slot[b]` of every ring ← transition b. transition[b, 1 + 2s] = [slot, state, nextState].
  func replayAppend(
    _ rings: ReplayRings, transition: Indices, actions: Floats, outcomes: Floats, b: Int)
  /// Transition `index[b]` of every ring → row b of the batch.
  func replayGather(
    _ rings: ReplayRings, index: Indices, b: Int, states: Indices, nextStates: Indices,
    actions: Floats, outcomes: Floats)

  /// Leaf leaves[i·stride] ← values[i], or values[0] for all where values has one element; every
  /// ancestor is summed again. Where a leaf repeats, its last value stands. A negative leaf is
  /// skipped.
  func sumTreeSet(
    _ tree: Floats, capacity: Int, leaves: Indices, stride: Int, values: Floats, b: Int)
  /// Stratified draw: target (i + uniform_i) · total / b, descending left where target < left sum.
  /// An index that rounding would put at or past `filled` becomes filled − 1.
  /// weights_i = (filled · p_i / total)^−exponent, divided by the largest of the batch.
  func sumTreeSample(
    _ tree: Floats, capacity: Int, filled: Int, b: Int, exponent: Float, _ random: RandomKey,
    into index: Indices, weights: Floats)
  /// priorities_i = (|prediction_i − target_i| + offset)^exponent; maximum[0] grows to the largest.
  func prioritize(
    _ prediction: Floats, _ target: Floats, b: Int, exponent: Float, offset: Float,
    into priorities: Floats, maximum: Floats)
}
