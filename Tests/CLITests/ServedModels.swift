import DRRTestSupport
import Feedback
import Foundation
import Serving
import TestSupport

/// In a folder the models `current` and `better` and the log of what the first served, in which
/// users were pleased by what the second would have shown.
enum ServedModels {
  static let exploration = Exploration(epsilon: 0.3, temperature: 1, candidates: 120)

  static func write(_ folder: TemporaryFolder, lists: Int, positions: Int = 2) throws {
    for (seed, name) in [(1, "current"), (2, "better"), (3, "third")] as [(UInt64, String)] {
      try ServedWorld.model(seed).write(toFolder: folder.path + "/" + name)
    }
    let taste = ServedWorld.factorization(2)
    try ServedWorld.serve(
      ServedWorld.model(1), lists: lists, positions: positions, exploration: exploration, seed: 3,
      into: folder.path + "/log"
    ) { user, item, _ in
      user.map { .reward(taste.reward(user: $0, item: item) > 0.1 ? 1 : 0) }
    }
    // Somebody rates what no list showed.
    let log = try FeedbackLog(folder: folder.path + "/log")
    try log.append(
      .feedback(ItemFeedback(time: 0, request: nil, user: "1", item: "2", value: .rating(4))))
  }
}
