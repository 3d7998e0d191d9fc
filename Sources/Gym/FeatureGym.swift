import DRRCore
import Environments
import Tensor

/// Simulated users that are seen as numbers: what each is known by, the documents that may be shown,
/// and the responses to the last slate, U + N · D + K · R numbers.
struct FeatureGym<World: FeatureEnvironments>: GymEnvironments {
  private var world: World
  let actionSpace: Space
  private let chosen: (Numbers) -> [World.Action]

  var count: Int { world.count }
  var observationSpace: Space { .box(width: world.rows.observation.layout.width, range: nil) }
  var allowed: ItemMask? { world.allowed }
  var observations: Numbers { seen(0..<count) }

  /// What is seen of some environments.
  private func seen(_ rows: some Sequence<Int>) -> Numbers {
    let observation = world.rows.observation
    let layout = observation.layout
    let parts = [
      (observation.users.lowerBound, layout.user),
      (observation.documents.lowerBound, layout.candidates * layout.document),
      (observation.responses.lowerBound, layout.slate * layout.response),
    ]
    var seen: [Float] = []
    seen.reserveCapacity(count * layout.width)
    for row in rows {
      for (start, width) in parts {
        seen += observation.values[start + row * width..<start + (row + 1) * width]
      }
    }
    return .real(seen)
  }

  mutating func step(_ actions: Numbers) -> GymOutcome {
    world.step(chosen(actions))
    let rows = world.rows
    let outcome = GymOutcome(
      rewards: rows.rewards, terminated: rows.terminated, truncated: rows.truncated,
      last: seen((0..<count).filter { rows.hasEnded($0) }))
    world.beginEnded()
    return outcome
  }

  mutating func beginEpisodes() { world.beginEpisodes() }
}

extension FeatureGym where World.Action == Float {
  /// Actions are numbers within [−1, 1].
  init(_ world: World) {
    self.world = world
    actionSpace = .box(width: world.actionWidth, range: -1...1)
    chosen = \.floats
  }
}

extension FeatureGym where World.Action == Int32 {
  /// Actions are slates of candidates, one candidate where a slate has one. A candidate that a slate
  /// has already gives way to the next that it has not, so that every action is a slate.
  init(_ world: World) {
    self.world = world
    let (width, candidates) = (world.actionWidth, world.rows.observation.layout.candidates)
    actionSpace =
      width == 1
      ? .discrete(candidates) : .multiDiscrete(Array(repeating: candidates, count: width))
    chosen = { actions in
      var slates = actions.integers
      for start in stride(from: 0, to: slates.count, by: width) {
        for place in start..<start + width {
          while slates[start..<place].contains(slates[place]) {
            slates[place] = (slates[place] + 1) % Int32(candidates)
          }
        }
      }
      return slates
    }
  }
}

extension GymWorld {
  /// A world of slates, with its settings.
  public init(_ world: SlateWorld) {
    self.init(world.name) { count, seed in
      func gym(_ world: some FeatureEnvironments<Int32>) -> any GymEnvironments {
        FeatureGym(world)
      }
      return gym(try world.environments(count: count, first: 0, seed: seed))
    }
  }

  /// VirtualTaobao, of its networks.
  public init(_ networks: VirtualTaobaoNetworks) {
    self.init(VirtualTaobao.name) { count, seed in
      FeatureGym(VirtualTaobao(networks, count: count, seed: seed))
    }
  }
}
