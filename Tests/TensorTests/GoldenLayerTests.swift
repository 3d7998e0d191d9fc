import Tensor
import TestSupport
import Testing

/// Layers, through tensors and the tape, against PyTorch in float64: 1e-5 of the largest entry on a
/// device, 1e-12 on the float64 reference.
@Suite struct GoldenLayerTests {
  @Test(
    "Dense", arguments: TestDevices.withReference, ["identity", "relu", "tanh", "sigmoid"])
  func dense(_ device: TestDevice, _ name: String) throws {
    let check = try GoldenCheck("dense-\(name)", device)
    let activation = Activation.allCases.first { "\($0)" == name }!
    let leaves = try Leaves([([7, 5], check.golden("x"))], on: check.backend)
    let set = ParameterSet(on: check.backend, seed: 1, stream: 1)
    let layer = Dense("layer", 5, 9, activation, in: set)
    try check.load(set, ["layer.weight": "weight", "layer.bias": "bias"])
    let tape = Tape(training: leaves.set, set)
    let y = layer(leaves(tape)[0], tape)
    tape.backward(from: try check.weighted(y))
    try check.expect(y, "y")
    try check.expect(leaves.gradients()[0], "dx")
    try check.expect(gradientsOf: set, ["layer.weight": "dweight", "layer.bias": "dbias"])
  }

  @Test("MLP", arguments: TestDevices.withReference)
  func mlp(_ device: TestDevice) throws {
    let check = try GoldenCheck("mlp", device)
    let leaves = try Leaves([([8, 6], check.golden("x"))], on: check.backend)
    let set = ParameterSet(on: check.backend, seed: 1, stream: 1)
    let network = MLP("mlp", [6, 10, 7, 4], output: .tanh, in: set)
    let names = (0..<3).flatMap { ["\($0).weight", "\($0).bias"] }
    try check.load(set, Dictionary(uniqueKeysWithValues: names.map { ("mlp.\($0)", $0) }))
    let tape = Tape(training: leaves.set, set)
    let y = network(leaves(tape)[0], tape)
    tape.backward(from: try check.weighted(y))
    try check.expect(y, "y")
    try check.expect(leaves.gradients()[0], "dx")
    try check.expect(
      gradientsOf: set, Dictionary(uniqueKeysWithValues: names.map { ("mlp.\($0)", "d\($0)") }))
  }

  @Test("Embedding, with rows that repeat", arguments: TestDevices.withReference)
  func embedding(_ device: TestDevice) throws {
    let check = try GoldenCheck("embedding", device)
    let set = ParameterSet(on: check.backend, seed: 1, stream: 1)
    let embedding = Embedding("table", rows: 7, width: 5, .zeros, in: set)
    try check.load(set, ["table": "table"])
    let index = IndexTensor(try check.golden.int32s("index"), shape: [11], on: check.backend)
    let tape = Tape(training: set)
    let y = embedding(index, tape)
    tape.backward(from: try check.weighted(y))
    try check.expect(y, "y")
    try check.expect(gradientsOf: set, ["table": "dtable"])
  }

  @Test(
    "AveragePooling", arguments: TestDevices.withReference, ["pooling", "pooling-missing"])
  func pooling(_ device: TestDevice, _ name: String) throws {
    let check = try GoldenCheck(name, device)
    let backend = check.backend
    let set = ParameterSet(on: backend, seed: 1, stream: 1)
    let pooling = AveragePooling("weights", window: 5, .zeros, in: set)
    try check.load(set, ["weights": "weights"])
    let rows = IndexTensor(try check.golden.int32s("index"), shape: [9, 6], on: backend)
    let tape = Tape(training: set)
    let state = pooling(
      rows, users: Tensor(try check.golden("users"), shape: [7, 6], on: backend),
      items: Tensor(try check.golden("items"), shape: [11, 6], on: backend), tape)
    tape.backward(from: try check.weighted(state, by: "dstate"))
    try check.expect(state, "state")
    try check.expect(gradientsOf: set, ["weights": "dweights"])
  }
}

/// A golden case on one device, with the bound that goes with it.
struct GoldenCheck {
  let golden: GoldenCase
  let backend: any Backend
  let device: TestDevice
  let limit: Double

  init(_ name: String, _ device: TestDevice) throws {
    golden = try Golden.load(name)
    backend = try device.make()
    self.device = device
    limit = backend is ReferenceBackend ? 1e-12 : 1e-5
  }

  /// Parameter name to array name.
  func load(_ set: ParameterSet, _ names: [String: String]) throws {
    #expect(Set(names.keys) == Set(set.parameters.map(\.name)))
    for (parameter, array) in names {
      let target = set.named(parameter)
      #expect(try golden.shape(array) == target.shape.array, "\(array)")
      backend.put(try golden(array), to: target.values)
    }
  }

  /// Σ y · dy, whose gradient at y is dy.
  func weighted(_ y: Tensor, by name: String = "dy") throws -> Tensor {
    (y * Tensor(try golden(name), shape: y.shape, on: backend)).sum()
  }

  func expect(_ found: [Double], _ name: String, limit: Double? = nil) throws {
    let error = relativeError(found, try golden(name))
    #expect(error <= limit ?? self.limit, "\(device): \(golden.name)/\(name)")
  }

  func expect(_ found: Tensor, _ name: String) throws { try expect(found.doubles(), name) }

  func expect(gradientsOf set: ParameterSet, _ names: [String: String]) throws {
    for (parameter, array) in names {
      try expect(backend.doubles(set.named(parameter).gradients), array)
    }
  }
}
