import DRR
import Tensor
import TestSupport
import Testing

/// Three whole updates against PyTorch in float64: losses and every weight, targets included.
@Suite("Deep Q-learning and policy gradients against PyTorch")
struct DeepGoldenTests {
  /// What a case is compared by: 1e-10 on the float64 reference, 1e-4 of the largest entry elsewhere.
  private struct Case {
    let golden: GoldenCase
    let backend: any Backend

    init(_ name: String, _ device: TestDevice) throws {
      golden = try Golden.load(name)
      backend = try device.make()
    }

    func expect(_ found: [Double], _ name: String) throws {
      let limit = backend is ReferenceBackend ? 1e-10 : 1e-4
      #expect(relativeError(found, try golden(name)) <= limit, "\(name)")
    }

    func tensor(_ name: String) throws -> Tensor {
      Tensor(try golden(name), shape: Shape(try golden.shape(name)), on: backend)
    }

    func index(_ names: [String]) throws -> IndexTensor {
      let columns = try names.map { try golden.int32s($0) }
      return IndexTensor(
        columns[0].indices.flatMap { row in columns.map { $0[row] } },
        shape: [columns[0].count, columns.count], on: backend)
    }

    func load(_ networks: [(String, ParameterSet)]) throws {
      for (network, set) in networks {
        for parameter in set.parameters {
          let name = "initial.\(network).\(parameter.name)"
          #expect(try golden.shape(name) == parameter.shape.array, "\(name)")
          backend.put(try golden(name), to: parameter.values)
        }
      }
    }

    func check(_ networks: [(String, ParameterSet)]) throws {
      for (network, set) in networks {
        for parameter in set.parameters {
          try expect(backend.doubles(parameter.values), "final.\(network).\(parameter.name)")
        }
      }
    }
  }

  @Test(arguments: TestDevices.withReference, ["dqn", "dqn-plain"])
  func deepQ(_ device: TestDevice, _ name: String) throws {
    let test = try Case(name, device)
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
      let loss = dqn.update(
        TransitionBatch(
          slots: IndexTensor((0..<8).map { $0 }, shape: [8], on: test.backend),
          states: try test.index(["\(update).state", "\(update).action"]),
          nextStates: try test.index(["\(update).next", "\(update).action"]),
          actions: Tensor(repeating: 0, shape: [8, 1], on: test.backend),
          outcomes: Tensor(outcomes, shape: [8, 2], on: test.backend),
          weights: try test.tensor("\(update).weights")))
      try test.expect(loss.doubles(), "\(update).loss")
    }
    try test.check(networks)
  }

  @Test(arguments: TestDevices.withReference) func policyGradient(_ device: TestDevice) throws {
    let test = try Case("policy-gradient", device)
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
