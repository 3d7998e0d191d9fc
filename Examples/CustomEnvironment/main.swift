// An environment of one's own, in which deep Q-learning learns.
//   swift run CustomEnvironment
import DRR

/// A listener with a favorite of three genres, who tires of whatever is played again and again: a
/// song earns what its genre is liked, less half a point for each time that it was just played.
struct Radio: Environment, Codable {
  static let liking: [Float] = [1, 0.6, 0.1]
  static let (length, longest) = (12, 3)
  var (genre, streak, age) = (0, 0, 0)

  /// One integer: a state of 3 genres by 0 ... 3 times in a row.
  private var row: [Int32] { [Int32(genre * (Self.longest + 1) + streak)] }

  mutating func reset(episode: Int) -> [Int32] {
    (genre, streak, age) = (episode % 3, 0, 0)
    return row
  }

  mutating func step(_ action: Int) -> Step<[Int32]> {
    if action != genre { (genre, streak) = (action, 0) }
    let reward = Self.liking[genre] - 0.5 * Float(streak)
    streak = min(streak + 1, Self.longest)
    age += 1
    // The listener would go on: time runs out, so the episode is truncated and not terminated.
    let isOver = age == Self.length
    return Step(observation: row, reward: reward, terminated: false, truncated: isOver)
  }
}

let (backend, states) = (CPUBackend(), 3 * (Radio.longest + 1))
var settings = DQNConfiguration()
(settings.hidden, settings.actionWidth, settings.batchSize) = (32, 8, 32)
// States are counted, so a state's vector is a row of the identity matrix, [states, states].
let identity = (0..<states * states).map { Float($0 % (states + 1) == 0 ? 1 : 0) }
let table = Tensor(identity, shape: [states, states], on: backend)
let dqn = try DQN(settings, actionCount: 3, seed: 0, on: backend) { _ in TableState(table) }
var schedule = DQNSchedule()
(schedule.steps, schedule.learningStarts) = (4_000, 200)
let radios = EnvironmentCopies(count: 8, actionCount: 3) { _ in Radio() }
let trainer = DQNTrainer(dqn, schedule, environments: radios, seed: 0)
while trainer.step < schedule.steps { try trainer.advance() }

/// The sum of rewards of an episode.
func play(_ choose: ([Int32]) throws -> Int) rethrows -> Float {
  var (radio, sum, isOver) = (Radio(), Float(0), false)
  var row = radio.reset(episode: 0)
  while !isOver {
    let step = radio.step(try choose(row))
    (row, sum, isOver) = (step.observation, sum + step.reward, step.isLast)
  }
  return sum
}

let favorite = play { _ in 0 }
let learned = try play { Int(try dqn.best(IndexTensor($0, shape: [1, 1], on: backend)).host()[0]) }
print("\(trainer.step) steps; the favorite again and again earns \(favorite), the agent \(learned)")
print("the agent learned to change genres:", learned > favorite)
