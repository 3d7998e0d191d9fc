import DRRCore
import Environments
import Factorization
import Tensor

/// Episodes of training users in a simulator of ratings, side by side. What is seen is the user's
/// vector and those of the items that they liked latest, oldest first and 0 where there are fewer,
/// [(1 + window) · k], with a memory of what was shown also the last item's vector and what it earned;
/// an item's number is chosen. One that is not allowed earns −1, and the user has
/// not been shown it.
struct RatingGym: GymEnvironments {
  private var environments: [RatingEnvironment]
  /// Steps of each episode whose item was not allowed.
  private var wasted: [Int]
  /// Episodes begun, which is the number of the next.
  private var begun = 0
  private let window: Int
  /// Whether what is shown changes what the next earns, so that it is seen.
  private let remembers: Bool

  init(_ environment: RatingEnvironment, window: Int, count: Int) {
    self.window = window
    remembers = environment.hasMemory
    environments = Array(repeating: environment, count: count)
    wasted = Array(repeating: 0, count: count)
    beginEpisodes()
  }

  private var model: PMFModel { environments[0].model }
  var count: Int { environments.count }
  private var width: Int { (1 + window) * model.dimension + (remembers ? model.dimension + 1 : 0) }
  var observationSpace: Space { .box(width: width, range: nil) }
  var actionSpace: Space { .discrete(model.itemCount) }
  var observations: Numbers { seen(environments.map(\.state)) }

  var allowed: ItemMask? {
    var mask = ItemMask(rows: count, items: model.itemCount, allowed: false)
    for row in 0..<count { mask.copyRow(0, of: environments[row].allowed, to: row) }
    return mask
  }

  private func seen(_ states: [SessionState]) -> Numbers {
    let (model, k) = (model, model.dimension)
    var seen: [Float] = []
    seen.reserveCapacity(states.count * width)
    func see(_ item: Int32) {
      if item < 0 {
        seen += repeatElement(0, count: k)
      } else {
        seen += model.itemFactors[Int(item) * k..<(Int(item) + 1) * k]
      }
    }
    for state in states {
      seen += model.userFactors[Int(state.user) * k..<(Int(state.user) + 1) * k]
      for item in state.history { see(item) }
      if remembers {
        see(state.feedback.last?.item ?? -1)
        seen.append(state.feedback.last?.earned ?? 0)
      }
    }
    return .real(seen)
  }

  mutating func step(_ actions: Numbers) -> GymOutcome {
    let items = actions.integers
    var outcome = GymOutcome(rewards: [], terminated: [], truncated: [], last: .real([]))
    var last: [SessionState] = []
    for row in 0..<count {
      var (reward, terminated): (Float, Bool) = (-1, false)
      if environments[row].allowed[0, Int(items[row])] {
        let step = environments[row].step(items[row])
        (reward, terminated) = (step.reward, step.terminated)
      } else {
        wasted[row] += 1
      }
      let played = environments[row].chosen.count + wasted[row]
      let truncated = !terminated && played >= environments[row].sessionLength
      outcome.rewards.append(reward)
      outcome.terminated.append(terminated)
      outcome.truncated.append(truncated)
      if terminated || truncated {
        last.append(environments[row].state)
        begin(row)
      }
    }
    outcome.last = seen(last)
    return outcome
  }

  mutating func beginEpisodes() { for row in 0..<count { begin(row) } }

  private mutating func begin(_ row: Int) {
    environments[row].reset(episode: begun)
    wasted[row] = 0
    begun += 1
  }
}

extension GymWorld {
  /// A simulator of ratings.
  ///
  /// - Parameters:
  ///   - window: the liked items of a state.
  ///   - environment: the episodes' environment of a seed.
  public init(
    ratings name: String, window: Int,
    environment: @escaping @Sendable (_ seed: UInt64) throws -> RatingEnvironment
  ) {
    self.init(name) { count, seed in
      RatingGym(try environment(seed), window: window, count: count)
    }
  }
}
