import Dispatch
import Synchronization

/// What the server did of late, a sample every few seconds, for the curves of its page.
final class Trace: Sendable {
  /// Sums over the time since the sample before.
  struct Sums: Sendable {
    var lists = 0
    var seconds = 0.0
    var worst = 0.0
    var items = 0
    /// Items that a list of the best would not have had at their place.
    var explored = 0
    var rewards = 0
    var reward = 0.0
  }

  private struct State {
    var current = Sums()
    var samples: [Sums] = []
  }

  /// Seconds of a sample, and how many are kept.
  static let (interval, limit) = (5, 120)

  private let state = Mutex(State())
  private let clock: Clock

  /// Set up before it runs, and then only cancelled.
  private struct Clock: @unchecked Sendable { let source: any DispatchSourceTimer }

  init() {
    clock = Clock(source: DispatchSource.makeTimerSource())
    clock.source.schedule(
      deadline: .now() + .seconds(Self.interval), repeating: .seconds(Self.interval))
    clock.source.setEventHandler { [weak self] in self?.sample() }
    clock.source.resume()
  }

  deinit { clock.source.cancel() }

  func list(seconds: Double, items: Int, explored: Int) {
    state.withLock { state in
      state.current.lists += 1
      state.current.seconds += seconds
      state.current.worst = max(state.current.worst, seconds)
      state.current.items += items
      state.current.explored += explored
    }
  }

  func reward(_ reward: Double) {
    state.withLock { state in
      state.current.rewards += 1
      state.current.reward += reward
    }
  }

  private func sample() {
    state.withLock { state in
      state.samples.append(state.current)
      if state.samples.count > Self.limit { state.samples.removeFirst() }
      state.current = Sums()
    }
  }

  /// The samples and what came since, the oldest first.
  var samples: [Sums] { state.withLock { $0.samples + [$0.current] } }
}
