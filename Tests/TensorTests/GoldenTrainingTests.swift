import Tensor
import TestSupport
import Testing

/// Losses and Adam, through tensors and the tape, against PyTorch in float64.
@Suite struct GoldenTrainingTests {
  static let pointLosses = ["mse", "huber", "bce"].flatMap { [$0, $0 + "-weighted"] }

  @Test("point losses", arguments: TestDevices.withReference, pointLosses)
  func pointLoss(_ device: TestDevice, _ name: String) throws {
    let check = try GoldenCheck("loss-\(name)", device)
    let backend = check.backend
    let leaves = try Leaves([([23], check.golden("prediction"))], on: backend)
    let target = Tensor(try check.golden("target"), shape: [23], on: backend)
    let weights =
      check.golden.contains("weights")
      ? Tensor(try check.golden("weights"), shape: [23], on: backend) : nil
    let tape = Tape(training: leaves.set)
    let prediction = leaves(tape)[0]
    let loss =
      name.hasPrefix("mse")
      ? prediction.squaredError(target, weights: weights)
      : name.hasPrefix("huber")
        ? prediction.huber(target, delta: 1.3, weights: weights)
        : prediction.binaryCrossEntropy(target, weights: weights)
    tape.backward(from: try check.golden.floats("scale")[0] * loss)
    try check.expect(loss, "loss")
    try check.expect(leaves.gradients()[0], "dprediction")
  }

  @Test(
    "softmax cross-entropy", arguments: TestDevices.withReference, ["softmax", "softmax-masked"])
  func softmax(_ device: TestDevice, _ name: String) throws {
    let check = try GoldenCheck(name, device)
    let leaves = try Leaves([([6, 11], check.golden("logits"))], on: check.backend)
    let target = IndexTensor(try check.golden.int32s("target"), shape: [6], on: check.backend)
    let tape = Tape(training: leaves.set)
    let loss = leaves(tape)[0].softmaxCrossEntropy(target)
    tape.backward(from: try check.golden.floats("scale")[0] * loss)
    try check.expect(loss, "loss")
    // A row is shifted by 500, where Float32 keeps log Z, and so the softmax, to 1.5e-5.
    try check.expect(leaves.gradients()[0], "dlogits", limit: check.limit == 1e-12 ? 1e-12 : 2e-5)
  }

  /// The steps are about a thousandth of the weights, so the weights must agree to 1e-6.
  @Test("Adam", arguments: TestDevices.withReference, ["adam", "adam-decay"])
  func adam(_ device: TestDevice, _ name: String) throws {
    let check = try GoldenCheck(name, device)
    let backend = check.backend
    let set = ParameterSet(on: backend, seed: 1, stream: 1)
    _ = set.add("p", [50], .zeros)
    try check.load(set, ["p": "p0"])
    let adam = Adam(set, learningRate: 1e-3, weightDecay: name == "adam" ? 0 : 1e-3)
    for step in 1...3 {
      backend.put(try check.golden("g\(step)"), to: set.named("p").gradients)
      adam.step()
      try check.expect(
        backend.doubles(set.named("p").values), "p\(step)", limit: min(check.limit, 1e-6))
      #expect(try backend.read(set.gradients).allSatisfy { $0 == 0 })
    }
    #expect(adam.stepCount == 3)
    var file = SafetensorsWriter()
    try adam.save(to: &file, "a")
    let saved = try SafetensorsFile(bytes: file.bytes(), name: "adam")
    // Saved in Float32, hence the same bound for the reference.
    for (moment, array) in [("first", "m"), ("second", "v")] {
      try check.expect(
        saved.floats("a.\(moment)_moment.p").map { Double($0) }, array, limit: 1e-5)
    }
  }
}
