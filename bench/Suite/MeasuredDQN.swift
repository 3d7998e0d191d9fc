import DRR
import Tensor

/// Deep Q-learning over a catalogue, past its exploration, on vectors that were drawn and logs of
/// MovieLens 100K's size; and in a small world.
package struct MeasuredDQN {
  var hidden = 128
  var batch = 64
  var dimension = 100
  var window = 10

  package init() {}

  package func make(on backend: any Backend) throws -> DQNTrainer {
    let log = GeneratedRatings.generate(size: .small)
    let split = UserSplit(log, EvaluationProtocol())
    var random = Philox(seed: 0, stream: 0)
    func draws(_ count: Int) -> [Float] { (0..<count).map { _ in 0.05 * random.normal() } }
    let users = Tensor(
      draws(log.userCount * dimension), shape: [log.userCount, dimension], on: backend)
    let vectors = draws(log.itemCount * dimension)
    let items = Tensor(vectors, shape: [log.itemCount, dimension], on: backend)
    var configuration = DQNConfiguration()
    configuration.hidden = hidden
    configuration.batchSize = batch
    configuration.replayCapacity = 20_000
    let dqn = try DQN(
      configuration, actionCount: log.itemCount, actionWidth: dimension, vectors: vectors,
      excludingItemsFrom: 1, seed: 0, on: backend
    ) { AverageState(users: users, items: items, window: window, in: $0) }
    let sequences = split.trainUsers.map { user in
      let rows = Array(split.visibleRows(of: Int(user), in: log))
      return LoggedEnvironments.Sequence(
        user: user, items: rows.map { log.items[$0] },
        rewards: rows.map { RewardScale.fiveStars.reward(log.ratings[$0]) })
    }
    var schedule = DQNSchedule()
    schedule.learningStarts = batch
    schedule.steps = 1_000_000_000
    return DQNTrainer(
      dqn, schedule,
      environments: LoggedEnvironments(
        sequences, window: window, itemCount: log.itemCount, count: 1, seed: 0),
      seed: 0)
  }

  /// Items of the catalogue, as the peer is to have them.
  package static var items: Int { GeneratedRatings.generate(size: .small).itemCount }
}
