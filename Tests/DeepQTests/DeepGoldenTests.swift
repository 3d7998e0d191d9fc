import Agents
import DRRTestSupport
import DeepQ
import Tensor
import TestSupport
import Testing

/// Three whole updates against PyTorch in float64: losses and every weight, targets included.
@Suite("Deep Q-learning against PyTorch")
struct DeepGoldenTests {
  @Test(arguments: TestDevices.withReference, ["dqn", "dqn-plain"])
  func deepQ(_ device: TestDevice, _ name: String) throws {
    let test = try GoldenUpdates(name, device)
    var configuration = DQNConfiguration()
    configuration.hidden = 5
    configuration.actionWidth = 4
    configuration.batchSize = 8
    configuration.gradientNorm = 0.3
    configuration.isDouble = name == "dqn"
    configuration.isDuelling = name == "dqn"
    configuration.conservatism = name == "dqn" ? 0 : 0.5
    let table = try test.tensor("table")
    let dqn = try DQN(configuration, actionCount: 9, seed: 1, on: test.backend) { _ in
      TableState(table)
    }
    let networks = [("network", dqn.parameters), ("target", dqn.targetParameters)]
    try test.load(networks)
    for update in 0..<3 {
      let outcomes = zip(
        try test.golden("\(update).reward"), try test.golden("\(update).notTerminated")
      ).flatMap { [$0, $1] }
      let losses = dqn.update(
        TransitionBatch(
          slots: IndexTensor((0..<8).map { $0 }, shape: [8], on: test.backend),
          states: try test.index(["\(update).state", "\(update).action"]),
          nextStates: try test.index(["\(update).next", "\(update).action"]),
          actions: Tensor(repeating: 0, shape: [8, 1], on: test.backend),
          outcomes: Tensor(outcomes, shape: [8, 2], on: test.backend),
          weights: try test.tensor("\(update).weights")))
      try test.expect(losses.critic.doubles(), "\(update).loss")
    }
    try test.check(networks)
  }
}
