import Environments
import Tensor
import TestSupport

/// A catalogue of random vectors, and six users' logs to play back.
package enum CatalogueWorlds {
  package static let items = 40
  package static let window = 3

  package static func sequences() -> [LoggedEnvironments.Sequence] {
    var random = SeededGenerator(11)
    return (0..<6).map { user in
      LoggedEnvironments.Sequence(
        user: Int32(user), items: (0..<15).map { Int32((7 * user + 3 * $0) % items) },
        rewards: random.floats(15))
    }
  }

  package static func tables(_ backend: any Backend) -> (users: Tensor, items: Tensor) {
    var random = SeededGenerator(12)
    return (
      Tensor(random.floats(6 * 8), shape: [6, 8], on: backend),
      Tensor(random.floats(items * 8), shape: [items, 8], on: backend)
    )
  }

  package static func logged(count: Int, readsRewards: Bool = false) -> LoggedEnvironments {
    LoggedEnvironments(
      sequences(), window: window, readsRewards: readsRewards, itemCount: items, count: count,
      seed: 3)
  }
}
