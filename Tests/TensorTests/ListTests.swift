import Tensor
import TestSupport
import Testing

/// Lists that were shown: what was chosen of them, what they are worth and what led to them.
@Suite struct ListTests {
  private func leaf(_ check: GoldenCheck, _ name: String) throws -> (shape: Shape, values: [Double])
  {
    (Shape(try check.golden.shape(name)), try check.golden(name))
  }

  private func indices(_ check: GoldenCheck, _ name: String) throws -> IndexTensor {
    IndexTensor(
      try check.golden.int32s(name), shape: Shape(try check.golden.shape(name)), on: check.backend)
  }

  /// A weighted choice from padded lists, its items from an embedding or from a tensor on the tape.
  @Test("golden choice", arguments: TestDevices.withReference, [true, false])
  func choice(_ device: TestDevice, _ fromEmbedding: Bool) throws {
    let check = try GoldenCheck("list", device)
    let backend = check.backend
    let leaves = Leaves([try leaf(check, "action"), try leaf(check, "table")], on: backend)
    let set = ParameterSet(on: backend, seed: 1, stream: 1)
    let embedding = Embedding("items", rows: 8, width: 5, .zeros, in: set)
    try check.load(set, ["items": "table"])
    let tape = Tape(training: leaves.set, set)
    let operands = leaves(tape)
    let rows = try indices(check, "rows")
    let scores =
      fromEmbedding
      ? embedding.scores(of: operands[0], rows, tape)
      : operands[0].candidateScores(rows, items: operands[1], absent: -.infinity)
    let loss = scores.softmaxCrossEntropy(
      try indices(check, "target"),
      weights: Tensor(try check.golden("weights"), shape: [6], on: backend))
    tape.backward(from: try check.golden.floats("scale")[0] * loss)
    try check.expect(scores, "scores")
    try check.expect(loss, "loss")
    let gradients = try leaves.gradients()
    try check.expect(gradients[0], "daction")
    if fromEmbedding {
      try check.expect(gradientsOf: set, ["items": "dtable"])
    } else {
      try check.expect(gradients[1], "dtable")
    }
  }

  @Test("golden expectation", arguments: TestDevices.withReference)
  func expectation(_ device: TestDevice) throws {
    let check = try GoldenCheck("expectation", device)
    let leaves = Leaves([try leaf(check, "scores"), try leaf(check, "values")], on: check.backend)
    let tape = Tape(training: leaves.set)
    let operands = leaves(tape)
    let y = operands[0].softmaxExpectation(
      of: operands[1], temperature: try check.golden.floats("temperature")[0])
    tape.backward(from: try check.weighted(y))
    try check.expect(y, "y")
    let gradients = try leaves.gradients()
    try check.expect(gradients[0], "dscores")
    try check.expect(gradients[1], "dvalues")
  }

  /// The mean output of an LSTM of input size 5 and 7 units over sequences of unequal lengths.
  @Test("golden mean of steps", arguments: TestDevices.withReference)
  func stepMean(_ device: TestDevice) throws {
    let check = try GoldenCheck("step-mean", device)
    let leaves = Leaves([([24, 5], try check.golden("x"))], on: check.backend)
    let set = ParameterSet(on: check.backend, seed: 1, stream: 1)
    let network = LSTM("layer", inputs: 5, units: 7, in: set)
    let names = ["inputWeight", "hiddenWeight", "inputBias", "hiddenBias"]
    try check.load(set, Dictionary(uniqueKeysWithValues: names.map { ("layer.0.\($0)", $0) }))
    let tape = Tape(training: leaves.set, set)
    let lengths = try indices(check, "lengths")
    let (outputs, _) = network(leaves(tape)[0].reshaped([4, 6, 5]), lengths: lengths, tape)
    let y = outputs.stepMean(lengths: lengths)
    tape.backward(from: try check.weighted(y))
    try check.expect(y, "y")
    try check.expect(leaves.gradients()[0], "dx")
    try check.expect(
      gradientsOf: set, Dictionary(uniqueKeysWithValues: names.map { ("layer.0.\($0)", "d\($0)") }))
  }

  /// Nothing that stands in a row of weight 0 counts: no candidate, and no target.
  @Test("rows of weight 0", arguments: TestDevices.withReference)
  func weightless(_ device: TestDevice) throws {
    let backend = try device.make()
    let leaves = Leaves(
      [([3, 2], [0.5, 0.5, -.infinity, -.infinity, 1.5, 1.5])], on: backend)
    let tape = Tape(training: leaves.set)
    let loss = leaves(tape)[0].softmaxCrossEntropy(
      IndexTensor([1, -1, 0], shape: [3], on: backend),
      weights: Tensor([3, 0, -9] as [Float], shape: [3], on: backend))
    tape.backward(from: loss)
    // Two even choices: (3 − 9) log 2 / 3.
    #expect(abs(try loss.doubles()[0] + 1.3862943611) < 1e-6)
    let expected = [0.5, -0.5, 0, 0, 1.5, -1.5]
    for (slope, expected) in zip(try leaves.gradients()[0], expected) {
      #expect(abs(slope - expected) < 1e-6)
    }
  }

  /// The mean of 2 and 4, nothing, the first of three, and three of three however long it claims.
  @Test("steps that count", arguments: TestDevices.withReference)
  func steps(_ device: TestDevice) throws {
    let backend = try device.make()
    let x = Tensor(
      [2, 4, 9, 7, 7, 7, 5, 8, 8, 1, 2, 6] as [Float], shape: [4, 3, 1], on: backend)
    let lengths = IndexTensor([2, 0, 1, 5], shape: [4], on: backend)
    #expect(try x.stepMean(lengths: lengths).host() == [3, 0, 5, 3])
    #expect(try x.stepMean().host() == [5, 7, 7, 3])
    #expect(x.stepMean().shape == [4, 1])
  }

  /// Row 1 twice and one that is missing; the gradient adds up where a row repeats.
  @Test("rows of a tensor", arguments: TestDevices.withReference)
  func rows(_ device: TestDevice) throws {
    let backend = try device.make()
    let leaves = Leaves([([3, 2], [1, 2, 3, 4, 5, 6])], on: backend)
    let tape = Tape(training: leaves.set)
    let y = leaves(tape)[0].rows(at: IndexTensor([1, -1, 2, 1], shape: [4], on: backend))
    #expect(try y.host() == [3, 4, 0, 0, 5, 6, 3, 4])
    let weights = Tensor([1, 10, 99, 99, 2, 20, 4, 40] as [Float], shape: [4, 2], on: backend)
    tape.backward(from: (y * weights).sum())
    #expect(try leaves.gradients()[0] == [0, 0, 5, 50, 2, 20])
  }

  /// A table's gradient goes where it belongs at once: a launch for each operand's, and nothing else.
  @Test("launches of a list's scores", arguments: TestDevices.all)
  func launches(_ device: TestDevice) throws {
    let backend = try device.make()
    let leaves = Leaves([([2, 2], [3, -1, 2, 4])], on: backend)
    let set = ParameterSet(on: backend, seed: 1, stream: 1)
    let embedding = Embedding("items", rows: 3, width: 2, .heUniform, in: set)
    let rows = IndexTensor([0, 2, 2, 1, -1, -1], shape: [2, 3], on: backend)
    // Of the second run, when the pool has what is needed.
    func counters(_ trained: ParameterSet, _ body: (Tensor, Tape) -> Tensor) -> Counters {
      var counters = Counters()
      for _ in 0..<2 {
        let tape = Tape(training: leaves.set, trained)
        let action = leaves(tape)[0]
        let before = backend.counters
        tape.backward(from: body(action, tape).sum())
        counters = backend.counters - before
      }
      return counters
    }
    let base = counters(set) { action, _ in action }
    for (trained, launches) in [(set, 3), (leaves.set, 2)] {
      let scored = counters(trained) { embedding.scores(of: $0, rows, absent: 0, $1) } - base
      #expect(scored == Counters(launches: launches, arguments: scored.arguments))
    }
  }

  @Test("shapes that do not fit are named", arguments: ListMisuse.allCases)
  fileprivate func misuse(_ misuse: ListMisuse) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [misuse] in misuse.call() }
    let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(message.contains(misuse.rawValue), "\(message)")
  }
}

/// Calls that do not fit, by the reason that each is to give.
private enum ListMisuse: String, CaseIterable, Codable {
  case weights = "softmaxCrossEntropy: logits are [2, 3], targets [2], weights [3]"
  case target = "softmaxCrossEntropy: logits are [2, 3], targets [3]"
  case action = "items: actions [2, 3], rows [2, 3], table [4, 2]"
  case batch = "items: actions [3, 2], rows [2, 3], table [4, 2]"
  case rows = "rows: [2, 3] rows of [3, 2]; want [B] of [M, E]"
  case steps = "stepMean: x is [2, 3], expected [batch, steps, width]"
  case lengths = "stepMean: x is [3, 1, 2], expected [batch, steps, width], and lengths [2]"

  func call() {
    let backend = ReferenceBackend()
    func zeros(_ shape: Shape) -> Tensor { Tensor(repeating: 0, shape: shape, on: backend) }
    let lists = IndexTensor([0, 1, 2, 0, 1, 2], shape: [2, 3], on: backend)
    let pair = IndexTensor([0, 1], shape: [2], on: backend)
    let triple = IndexTensor([0, 1, 2], shape: [3], on: backend)
    let set = ParameterSet(on: backend, seed: 1, stream: 1)
    let embedding = Embedding("items", rows: 4, width: 2, .zeros, in: set)
    switch self {
    case .weights: _ = zeros([2, 3]).softmaxCrossEntropy(pair, weights: zeros([3]))
    case .target: _ = zeros([2, 3]).softmaxCrossEntropy(triple)
    case .action: _ = embedding.scores(of: zeros([2, 3]), lists)
    case .batch: _ = embedding.scores(of: zeros([3, 2]), lists)
    case .rows: _ = zeros([3, 2]).rows(at: lists)
    case .steps: _ = zeros([2, 3]).stepMean()
    case .lengths: _ = zeros([3, 1, 2]).stepMean(lengths: pair)
    }
  }
}
