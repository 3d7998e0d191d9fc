import Tensor
import TestSupport
import Testing

@Suite("Gates over parts of a state, and means of scores")
struct GatedPartsTests {
  private static let (width, context, hidden, states) = (6, 3, 5, 11)
  /// Of both parts and of ones; the last that no gate moves.
  private static let spans = [
    GatedParts.Span(.first, 0..<4, weight: 0.5, start: 1),
    GatedParts.Span(.second, 1..<6, weight: -2, start: 0),
    GatedParts.Span(.ones, 2..<3, weight: 1, start: 0),
    GatedParts.Span(.first, 3..<6, weight: 4, start: 1),
  ]

  /// The same by ops of their own: columns of states, an MLP, a product with the spans' weights.
  private static func composed(_ head: GatedParts, _ states: Tensor, _ tape: Tape) -> Tensor {
    let backend = states.backend
    let gates = head.offset.shape[0]
    let moved = head.network(states.columns(2 * width..<2 * width + context), tape)
    let start = Tensor(spans.prefix(gates).map(\.start), shape: [gates], on: backend)
    let gate = 0.75 * moved + head.offset.tensor(tape) + start
    var weights = [Float](repeating: 0, count: spans.count * 3 * width)
    for (s, span) in spans.enumerated() {
      for column in span.columns {
        weights[(s * 3 + Int(span.part.rawValue)) * width + column] = span.weight
      }
    }
    let last = gates * 3 * width
    let full =
      gate.multiplied(by: Tensor(Array(weights[..<last]), shape: [gates, 3 * width], on: backend))
      + Tensor(Array(weights[last...]), shape: [3 * width], on: backend)
    return full.columns(0..<width) * states.columns(0..<width)
      + full.columns(width..<2 * width) * states.columns(width..<2 * width)
      + full.columns(2 * width..<3 * width)
  }

  @Test("one op is what ops of their own come to", arguments: TestDevices.withReference, [1, 3])
  func gates(_ device: TestDevice, _ columns: Int) throws {
    let backend = try device.make()
    var random = SeededGenerator(7)
    let set = ParameterSet(on: backend, seed: 3, stream: 4)
    let offset = set.add("offset", [3], .normal(deviation: 0.5))
    let network = MLP("net", [Self.context, Self.hidden, 3], output: .tanh, in: set)
    let head = GatedParts(offset, network, Self.spans, width: Self.width, reach: 0.75)
    let stateWidth = 2 * Self.width + Self.context
    let states = Tensor(
      random.floats(Self.states * stateWidth), shape: [Self.states, stateWidth], on: backend)
    let names: [Int32] = [4, 0, 10, 4, 7, 1, 9]
    let rows = IndexTensor(
      names.flatMap { [$0] + [Int32](repeating: -1, count: columns - 1) },
      shape: [names.count, columns], on: backend)
    let weights = Tensor(
      random.floats(names.count * Self.width), shape: [names.count, Self.width], on: backend)

    func gradients(_ vector: (Tape) -> Tensor) throws -> (value: [Double], slopes: [Double]) {
      backend.fill(0, into: set.gradients)
      let tape = Tape(training: set)
      let y = vector(tape)
      tape.backward(from: (y * weights).sum())
      return (try y.doubles(), try backend.doubles(set.gradients))
    }
    let found = try gradients { head(states, at: rows, $0) }
    let expected = try gradients { tape in
      Self.composed(head, states.rows(at: rows.column(0)), tape)
    }
    #expect(relativeError(found.value, expected.value) < 1e-5)
    #expect(relativeError(found.slopes, expected.slopes) < 1e-5)
    let every = try head(states).doubles()
    let named = try head(states, at: rows).doubles()
    for (row, name) in names.enumerated() {
      let (a, b) = (row * Self.width, Int(name) * Self.width)
      #expect(Array(named[a..<a + Self.width]) == Array(every[b..<b + Self.width]))
    }
  }

  @Test("the mean of all rows' scores, and its gradients", arguments: TestDevices.withReference)
  func means(_ device: TestDevice) throws {
    let backend = try device.make()
    let set = ParameterSet(on: backend, seed: 5, stream: 6)
    let table = Embedding("table", rows: 13, width: 4, .normal(deviation: 1), in: set)
    let queries = Embedding("queries", rows: 9, width: 4, .normal(deviation: 1), in: set)
    var random = SeededGenerator(8)
    let weights = Tensor(random.floats(9), shape: [9], on: backend)
    let index = IndexTensor((0..<9).map { Int32($0) }, shape: [9], on: backend)
    func gradients(_ mean: (Tensor, Tape) -> Tensor) throws -> (value: [Double], slopes: [Double]) {
      backend.fill(0, into: set.gradients)
      let tape = Tape(training: set)
      let y = mean(queries(index, tape), tape)
      tape.backward(from: (y * weights).sum())
      return (try y.doubles(), try backend.doubles(set.gradients))
    }
    let found = try gradients { table.meanScores(of: $0, $1) }
    let thirteenth = Tensor(repeating: 1 / 13, shape: [9, 13], on: backend)
    let expected = try gradients { table.scores(of: $0, $1).rowDot(thirteenth) }
    #expect(relativeError(found.value, expected.value) < 1e-5)
    #expect(relativeError(found.slopes, expected.slopes) < 1e-5)
    let before = backend.counters
    _ = table.meanScores(of: Tensor(repeating: 1, shape: [9, 4], on: backend))
    // The constant that is asked about is a launch too, and a driver's sums of columns.
    let launches = (backend.counters - before).launches
    #expect(launches == (device.matches("opencl") ? 3 : 2))
  }

  @Test("the way back from two losses is that from their sum", arguments: TestDevices.withReference)
  func losses(_ device: TestDevice) throws {
    let backend = try device.make()
    let set = ParameterSet(on: backend, seed: 9, stream: 1)
    let table = Embedding("table", rows: 5, width: 3, .normal(deviation: 1), in: set)
    let index = IndexTensor([0, 3, 3, 4], shape: [4], on: backend)
    let target = Tensor(repeating: 0.3, shape: [4, 3], on: backend)
    func gradients(_ backward: (Tape, Tensor, Tensor) -> Void) throws -> [Double] {
      backend.fill(0, into: set.gradients)
      let tape = Tape(training: set)
      let rows = table(index, tape)
      backward(tape, rows.squaredError(target), rows.tanh().mean(scale: 2))
      return try backend.doubles(set.gradients)
    }
    let found = try gradients { tape, a, b in tape.backward(from: [a, b]) }
    let expected = try gradients { tape, a, b in tape.backward(from: a + b) }
    #expect(found.contains { $0 != 0 })
    #expect(relativeError(found, expected) < 1e-6)
  }
}
