import Tensor
import TestSupport
import Testing

/// Two layers of each kind through tensors and the tape.
@Suite struct RecurrentTests {
  private static let kinds = ["lstm", "gru"]
  private static let parameters = (0..<2).flatMap { layer in
    ["inputWeight", "hiddenWeight", "inputBias", "hiddenBias"].map { "\(layer).\($0)" }
  }

  private func network(_ kind: String, _ set: ParameterSet) -> any RecurrentNetwork {
    kind == "lstm"
      ? LSTM("layer", inputs: 5, units: 7, layers: 2, in: set)
      : GRU("layer", inputs: 5, units: 7, layers: 2, in: set)
  }

  /// What all sequences have at one step.
  private func column<Value>(
    _ values: [Value], _ step: Int, of steps: Int, width: Int
  ) -> [Value] {
    stride(from: step * width, to: values.count, by: steps * width).flatMap {
      values[$0..<$0 + width]
    }
  }

  /// Outputs, last states and every gradient against PyTorch's packed sequences of lengths 4, 6, 1
  /// and 3, from a given state, with input size 5 and 7 units.
  @Test("golden", arguments: TestDevices.withReference, kinds)
  func golden(_ device: TestDevice, _ kind: String) throws {
    let check = try GoldenCheck(kind, device)
    let (backend, golden) = (check.backend, check.golden)
    let width = try golden.shape("initial")[2]
    let initial = try golden("initial")
    let half = initial.count / 2
    let leaves = Leaves(
      [
        (shape: [24, 5], values: try golden("x")),
        (shape: [4, width], values: Array(initial[..<half])),
        (shape: [4, width], values: Array(initial[half...])),
      ], on: backend)
    let set = ParameterSet(on: backend, seed: 1, stream: 1)
    let network = network(kind, set)
    let names = Self.parameters
    try check.load(set, Dictionary(uniqueKeysWithValues: names.map { ("layer.\($0)", $0) }))
    let tape = Tape(training: leaves.set, set)
    let operands = leaves(tape)
    let lengths = IndexTensor(try golden.int32s("lengths"), shape: [4], on: backend)
    let (y, last) = network(
      operands[0].reshaped([4, 6, 5]), lengths: lengths,
      from: RecurrentState(layers: Array(operands[1...]), units: 7), tape)
    let dLast = try golden("dlast")
    let ends = zip(last.layers, [Array(dLast[..<half]), Array(dLast[half...])]).map {
      ($0 * Tensor($1, shape: $0.shape, on: backend)).sum()
    }
    tape.backward(from: try check.weighted(y) + ends[0] + ends[1])
    try check.expect(y, "y")
    try check.expect(last.layers.flatMap { try $0.doubles() }, "last")
    let gradients = try leaves.gradients()
    try check.expect(gradients[0], "dx")
    try check.expect(gradients[1] + gradients[2], "dinitial")
    try check.expect(
      gradientsOf: set, Dictionary(uniqueKeysWithValues: names.map { ("layer.\($0)", "d\($0)") }))
  }

  /// Acting a step at a time meets the same numbers as the whole sequence.
  @Test("a step is a piece of the sequence", arguments: TestDevices.withReference, kinds)
  func steps(_ device: TestDevice, _ kind: String) throws {
    let backend = try device.make()
    let set = ParameterSet(on: backend, seed: 3, stream: 1)
    defer { withExtendedLifetime(set) {} }
    let network = network(kind, set)
    var generator = SeededGenerator(17)
    let (b, t) = (9, 5)
    let x = generator.floats(b * t * 5)
    let (y, last) = network(Tensor(x, shape: [b, t, 5], on: backend))
    let whole = try y.doubles()
    var state: RecurrentState?
    for step in 0..<t {
      let rows = column(x, step, of: t, width: 5)
      let (output, next) = network.step(Tensor(rows, shape: [b, 5], on: backend), from: state)
      let expected = column(whole, step, of: t, width: 7)
      #expect(relativeError(try output.doubles(), expected) < 1e-6, "\(device) step \(step)")
      state = next
    }
    #expect(relativeError(try state!.hidden.doubles(), try last.hidden.doubles()) < 1e-6)
    for (stepped, end) in zip(state!.layers, last.layers) {
      #expect(relativeError(try stepped.doubles(), try end.doubles()) < 1e-6, "\(device)")
    }
  }

  /// What stands past a length has no part in anything, and a shorter sequence is one on its own.
  @Test("lengths", arguments: TestDevices.withReference, kinds)
  func lengths(_ device: TestDevice, _ kind: String) throws {
    let backend = try device.make()
    let set = ParameterSet(on: backend, seed: 5, stream: 1)
    defer { withExtendedLifetime(set) {} }
    let network = network(kind, set)
    var generator = SeededGenerator(19)
    let counts: [Int32] = [3, 0, 4, 1]
    let x = generator.floats(4 * 4 * 5)
    let lengths = IndexTensor(counts, shape: [4], on: backend)
    let (y, last) = network(Tensor(x, shape: [4, 4, 5], on: backend), lengths: lengths)
    let (outputs, ends) = (try y.doubles(), try last.hidden.doubles())
    for (i, count) in counts.enumerated() {
      let (n, row) = (Int(count), outputs[i * 28..<(i + 1) * 28])
      #expect(row.dropFirst(n * 7).allSatisfy { $0 == 0 }, "\(device) sequence \(i)")
      let end = Array(ends[i * 7..<(i + 1) * 7])
      guard n > 0 else {
        #expect(end.allSatisfy { $0 == 0 })
        continue
      }
      #expect(Array(row[(row.startIndex + (n - 1) * 7)...].prefix(7)) == end)
      let own = Array(x[i * 20..<i * 20 + n * 5])
      let (alone, _) = network(Tensor(own, shape: [1, n, 5], on: backend))
      #expect(
        relativeError(try alone.doubles(), Array(row.prefix(n * 7))) < 1e-6,
        "\(device) sequence \(i)")
    }
    let gathered = last.detachedRows(at: IndexTensor([2, 2, 0], shape: [3], on: backend))
    #expect(
      try gathered.hidden.doubles()
        == Array(ends[14..<21]) + Array(ends[14..<21]) + Array(ends[0..<7]))
  }

  /// A loss of the last state alone, or of the outputs alone, has the gradient of differences.
  @Test("either output", arguments: kinds, [true, false])
  func eitherOutput(_ kind: String, _ ofLast: Bool) throws {
    let backend = ReferenceBackend()
    let set = ParameterSet(on: backend, seed: 7, stream: 1)
    let network = network(kind, set)
    var generator = SeededGenerator(23)
    let x = Tensor(generator.floats(3 * 2 * 5), shape: [3, 2, 5], on: backend)
    let lengths = IndexTensor([2, 1, 2], shape: [3], on: backend)
    func loss(_ tape: Tape?) -> Tensor {
      let (y, last) = network(x, lengths: lengths, tape)
      return (ofLast ? last.hidden.squared() : y.squared()).sum()
    }
    let tape = Tape(training: set)
    tape.backward(from: loss(tape))
    let (found, point) = (try backend.doubles(set.gradients), try backend.doubles(set.values))
    let coordinates = (0..<40).map { _ in Int.random(in: 0..<set.count, using: &generator) }
    let expected = try FiniteDifference.gradient(at: point, coordinates: coordinates) {
      backend.put($0, to: set.values)
      return try loss(nil).doubles()[0]
    }
    #expect(relativeError(coordinates.map { found[$0] }, expected) < 1e-7)
    #expect(expected.contains { $0 != 0 })
  }
}
