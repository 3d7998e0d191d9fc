import Agents
import DRRTestSupport
import PolicyGradients
import Tensor
import TestSupport
import Testing

/// Three whole updates against PyTorch in float64: losses and every weight.
@Suite("Policy gradients against PyTorch")
struct PolicyGoldenTests {
  @Test(arguments: TestDevices.withReference) func policyGradient(_ device: TestDevice) throws {
    let test = try GoldenUpdates("policy-gradient", device)
    var configuration = PolicyGradientConfiguration()
    configuration.hidden = 5
    configuration.actionWidth = 4
    configuration.entropyWeight = 0.05
    configuration.weightCap = 1.2
    configuration.topK = 4
    let table = try test.tensor("table")
    let gradient = try PolicyGradient(
      configuration, actionCount: 9, learnsFromLog: true, seed: 1, on: test.backend
    ) { _ in TableState(table) }
    let networks = [
      ("policy", gradient.parameters), ("behaviour", try #require(gradient.behaviourParameters)),
    ]
    try test.load(networks)
    for update in 0..<3 {
      let losses = gradient.update(
        PolicyBatch(
          rows: try test.index(["\(update).state"]),
          actions: try test.index(["\(update).action"]).reshaped([8]),
          returns: try test.tensor("\(update).returns"),
          weights: try test.tensor("\(update).weights")))
      try test.expect(losses.policy.doubles(), "\(update).policyLoss")
      try test.expect(#require(losses.value).doubles(), "\(update).valueLoss")
    }
    try test.check(networks)
  }
}
