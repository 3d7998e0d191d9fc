import DRRCore
import Tensor

/// Turns steps into n-step transitions on their way to the replay (Sutton & Barto 2018, eq. 7.1):
/// R_t+1 + γ R_t+2 + … + γ^(m−1) R_t+m with the state after them, m = n, or fewer where the session
/// ended first. The continuation is γ^(m−1), and 0 where it terminated, so that what bootstraps
/// from that state counts γ^m. Not corrected for the policy's change since.
///
/// Rewards are summed on the host; actions wait on the device.
public final class NStepReturns {
  /// A step whose return is not whole yet.
  private struct Pending {
    var state: [Int32]
    /// Where its action waits.
    var row: Int32
    var reward: Float = 0
    /// m, and γ^(m−1).
    var count = 0
    var scale: Float = 1
  }

  let steps: Int
  let discount: Float
  let memory: ReplayBuffer
  /// Of each environment, oldest first.
  private var windows: [[Pending]]
  /// The actions of the latest n steps, [n · environments, A]; nil where n is 1.
  private let actions: Tensor?
  private var slot = 0

  /// - Parameter memory: holds n transitions of every environment at least.
  public init(steps: Int, discount: Float, environments: Int, into memory: ReplayBuffer) {
    require(
      steps >= 1 && environments >= 1 && steps * environments <= memory.configuration.capacity,
      "returns: \(steps) steps of \(environments) environments into \(memory.configuration)")
    self.steps = steps
    self.discount = discount
    self.memory = memory
    windows = Array(repeating: [], count: environments)
    actions =
      steps == 1
      ? nil
      : Tensor(
        repeating: 0, shape: [steps * environments, memory.configuration.actionWidth],
        on: memory.backend)
  }

  /// One step of every environment: transition i took row i of `actions` [environments, A], and
  /// ended its session where `isLast[i]`.
  public func append(
    _ transitions: [ReplayBuffer.Transition], isLast: [Bool], actions taken: Tensor
  ) {
    require(
      transitions.count == windows.count && isLast.count == windows.count,
      "returns: \(transitions.count) transitions of \(windows.count) environments")
    guard let actions else { return memory.append(transitions, actions: taken) }
    let (first, width) = (slot * windows.count, actions.shape[1])
    memory.backend.copy(
      taken.view, into: actions.view[first * width..<(first + windows.count) * width])
    slot = (slot + 1) % steps

    var whole: [ReplayBuffer.Transition] = []
    var rows: [Int32] = []
    for (environment, step) in transitions.enumerated() {
      var window = windows[environment]
      window.append(Pending(state: step.state, row: Int32(first + environment)))
      for i in window.indices {
        if window[i].count > 0 { window[i].scale *= discount }
        window[i].count += 1
        window[i].reward += window[i].scale * step.reward
      }
      let ready = isLast[environment] ? window.count : window.prefix { $0.count == steps }.count
      for pending in window.prefix(ready) {
        whole.append(
          ReplayBuffer.Transition(
            state: pending.state, nextState: step.nextState, reward: pending.reward,
            continuation: step.continuation * pending.scale))
        rows.append(pending.row)
      }
      windows[environment] = Array(window.dropFirst(ready))
    }
    guard !whole.isEmpty else { return }
    let index = IndexTensor(rows, shape: [rows.count], on: memory.backend)
    memory.append(whole, actions: actions.detachedRows(at: index))
  }

  /// The episodes under way are given up, and their latest steps with them.
  package func beginEpisodes() { windows = windows.map { _ in [] } }
}

extension NStepReturns {
  /// Adds tensors named `prefix.…`. Waits for the device.
  public func save(to file: inout SafetensorsWriter, _ prefix: String) throws {
    guard let actions else { return }
    let pending = windows.joined()
    try file.add("\(prefix).actions", actions.host(), shape: actions.shape.array)
    try file.add(
      "\(prefix).states", pending.flatMap(\.state),
      shape: [pending.count, memory.configuration.stateWidth])
    try file.add("\(prefix).rows", pending.map(\.row))
    try file.add("\(prefix).rewards", pending.map(\.reward))
    try file.add("\(prefix).scales", pending.map(\.scale))
    try file.add("\(prefix).counts", pending.map { Int32($0.count) })
    try file.add("\(prefix).pending", windows.map { Int32($0.count) })
    try file.add("\(prefix).slot", [Int64(slot)])
  }

  /// Reads and checks them; what it returns puts them in place and cannot fail.
  /// - Parameter columns: what each column of a state's row may be.
  public func prepareRestore(
    from file: SafetensorsFile, _ prefix: String, columns: [Expected<Int32>]
  ) throws -> () -> Void {
    guard let actions else { return {} }
    let values = try file.floats("\(prefix).actions", shape: actions.shape.array)
    let lengths = try file.int32s("\(prefix).pending", .below(steps), shape: [windows.count])
      .map { Int($0) }
    let slot = try file.integer("\(prefix).slot", .below(steps))
    let count = lengths.reduce(0, +)
    let width = memory.configuration.stateWidth
    let states = try file.rows("\(prefix).states", columns, count: count)
    let rows = try file.int32s("\(prefix).rows", .below(actions.shape[0]), shape: [count])
    let rewards = try file.floats("\(prefix).rewards", shape: [count])
    let scales = try file.floats("\(prefix).scales", .in(0...1), shape: [count])
    let counts = try file.int32s("\(prefix).counts", .in(1...Int32(steps - 1)), shape: [count])
    var from = 0
    let restored = lengths.map { length in
      defer { from += length }
      return (from..<from + length).map { i in
        Pending(
          state: Array(states[i * width..<(i + 1) * width]), row: rows[i], reward: rewards[i],
          count: Int(counts[i]), scale: scales[i])
      }
    }
    return { [self] in
      memory.backend.write(values, to: actions.view)
      windows = restored
      self.slot = slot
    }
  }
}
