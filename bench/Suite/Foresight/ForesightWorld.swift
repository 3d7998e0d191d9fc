import DRR
import Platform
import Synchronization
import Terminal

/// A world of the table of agents, and what is trained in it.
protocol ForesightWorld: Sendable {
  /// What becomes of one training.
  associatedtype Training: Sendable
  /// What its rows and its section are called.
  var name: String { get }
  /// Where its runs are below the folder of all, and what its picture is called behind the page.
  var folder: String { get }
  /// How many trainings it takes, each by itself.
  var trainings: Int { get }

  /// One of them, from where it was left.
  ///
  /// - Throws: `Interrupted` where the observer asks to stop, with all of it saved.
  func train(_ number: Int, _ observer: Observer) throws -> Training

  /// What all of them came to, in order.
  func outcome(_ trainings: [Training]) throws -> ForesightOutcome
}

/// A world beside others, with what its trainings came to.
struct ForesightTrainings: Sendable {
  let name: String
  let folder: String
  let count: Int
  /// One of the trainings, which is kept.
  let train: @Sendable (_ number: Int, _ observer: Observer) throws -> Void
  /// What all of them came to, once all are done.
  let outcome: @Sendable () throws -> ForesightOutcome

  init<World: ForesightWorld>(_ world: World) {
    (name, folder, count) = (world.name, world.folder, world.trainings)
    let kept = Kept<World.Training>()
    train = { number, observer in
      let training = try world.train(number, observer)
      kept.byNumber.withLock { $0[number] = training }
    }
    outcome = {
      let trained = kept.byNumber.withLock { $0 }
      return try world.outcome(trained.keys.sorted().map { trained[$0]! })
    }
  }

  private final class Kept<Training: Sendable>: Sendable {
    let byNumber = Mutex<[Int: Training]>([:])
  }
}

/// What the options of the table say of every world.
struct ForesightSizes: Sendable {
  /// Training seeds.
  var seeds: Int
  /// Part of the steps of every training.
  var part: Double
  /// Users side by side in training and validation.
  var environments: Int
  /// Episodes of each policy with each of three seeds of users.
  var episodes: Int
  /// Where the runs are.
  var runs: String

  /// Those of the table of which a whole training has so many.
  func steps(_ whole: Int) -> Int { max(Int(part * Double(whole)), 1) }

  /// The folder of a run.
  func folder(_ parts: String...) -> RunFolder {
    RunFolder(([runs] + parts).joined(separator: "/"))
  }
}

/// What trainings in a world came to.
struct ForesightOutcome {
  /// Rows of the first table.
  var rows: [ForesightRow]
  /// What stands below the heading of its section, above the picture.
  var text: String
  /// What the picture shows, in a few words.
  var caption: String
  var picture: Picture
}

/// CPU time of the calling thread.
enum ThreadClock {
  static var seconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

extension RunFolder {
  /// CPU seconds of what trains the run of the folder from where it was left; nil where it went on
  /// from an earlier process.
  func seconds(_ train: () throws -> Void) throws -> Double? {
    let begun = ThreadClock.seconds
    let wasBegun = exists(checkpoint)
    try train()
    let seconds = ThreadClock.seconds - begun
    Console.note("\(path): \(decimal(seconds, 1)) CPU s")
    return wasBegun ? nil : seconds
  }
}
