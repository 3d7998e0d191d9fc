import Tensor
import TestSupport
import Testing

/// A differentiable expression of a few leaves.
struct Expression: Sendable, CustomTestStringConvertible {
  let name: String
  let shapes: [Shape]
  /// Leaf values keep this far from 0 and on its right side: for log, division and kinks.
  var positive = false
  let body: @Sendable ([Tensor]) -> Tensor

  var testDescription: String { name }

  init(
    _ name: String, _ shapes: Shape..., positive: Bool = false,
    body: @escaping @Sendable ([Tensor]) -> Tensor
  ) {
    self.name = name
    self.shapes = shapes
    self.positive = positive
    self.body = body
  }

  /// Values between 0.3 and 1.5 in magnitude.
  var values: [[Double]] {
    var random = SeededGenerator(UInt64(name.utf8.reduce(7) { ($0 &* 31 &+ Int($1)) & 0xffff }))
    return shapes.map { shape in
      random.floats(shape.count, in: 0.3...1.5).map {
        Double(positive || random.next() % 2 == 0 ? $0 : -$0)
      }
    }
  }

  /// Σ coefficients · body, so that every element of the result has a gradient of its own.
  func loss(_ leaves: [Tensor]) -> Tensor {
    let y = body(leaves)
    let coefficients = (0..<y.shape.count).map { 0.5 + Double($0 * 7 % 11) / 8 }
    return (y * Tensor(coefficients, shape: y.shape, on: y.backend)).sum()
  }

  func gradients(on backend: any Backend) throws -> (loss: Double, [[Double]]) {
    let leaves = Leaves(Array(zip(shapes, values)), on: backend)
    let tape = Tape(training: leaves.set)
    let loss = loss(leaves(tape))
    tape.backward(from: loss)
    return (try loss.doubles()[0], try leaves.gradients())
  }
}

extension Expression {
  static let binary: [Expression] = {
    let ops: [(String, @Sendable (Tensor, Tensor) -> Tensor)] = [
      ("+", { $0 + $1 }), ("-", { $0 - $1 }), ("*", { $0 * $1 }), ("/", { $0 / $1 }),
    ]
    let operands: [(String, Shape, Shape)] = [
      ("same", [5, 3], [5, 3]), ("vectors", [7], [7]), ("row", [5, 3], [3]),
      ("column", [5, 3], [5]), ("column matrix", [4, 4], [4, 1]), ("row of a square", [4, 4], [4]),
      ("one row", [1, 6], [6]),
    ]
    return ops.flatMap { name, op in
      operands.map { kind, a, b in
        Expression("a \(name) b, \(kind)", a, b) { op($0[0], $0[1]) }
      }
    }
  }()

  static let unary: [Expression] = [
    Expression("affine", [4, 3]) { $0[0].affine(scale: -2.5, shift: 0.75) },
    Expression("negate", [5]) { -$0[0] },
    Expression("scalar times", [5]) { 3 * $0[0] + 1.5 },
    Expression("squared", [4, 3]) { $0[0].squared() },
    Expression("absolute", [4, 3]) { $0[0].absolute() },
    Expression("exp", [4, 3]) { $0[0].exp() },
    Expression("log", [4, 3], positive: true) { $0[0].log() },
    Expression("relu", [4, 3]) { $0[0].relu() },
    Expression("tanh", [4, 3]) { $0[0].tanh() },
    Expression("sigmoid", [4, 3]) { $0[0].sigmoid() },
    Expression("reshaped", [4, 3]) { $0[0].reshaped([2, 6]).tanh() },
  ]

  static let reductions: [Expression] = [
    Expression("concatenating", [5, 2], [5, 3]) { Tensor.concatenating($0[0], $0[1]).tanh() },
    Expression("concatenating with itself", [3, 2]) {
      Tensor.concatenating($0[0], $0[0]).squared()
    },
    Expression("columns", [5, 4]) { $0[0].columns(1..<3).squared() },
    Expression("first columns", [5, 4]) { $0[0].columns(0..<3).squared() },
    Expression("last columns", [5, 4]) { $0[0].columns(3..<4).squared() },
    Expression("every column", [5, 4]) { $0[0].columns(0..<4).squared() },
    Expression("rowDot", [5, 3], [5, 3]) { $0[0].rowDot($0[1]) },
    Expression("rowDot with itself", [5, 3]) { $0[0].rowDot($0[0]) },
    Expression("sum", [5, 3]) { $0[0].sum(scale: 0.3) },
    Expression("mean", [5, 3]) { $0[0].mean() },
    Expression("squaredNorm", [5, 3]) { $0[0].squaredNorm() },
  ]

  /// Candidates in columns 2 ..< 6 of each row: repeated ones, the same in two rows, missing ones.
  private static func candidateScores(_ action: Tensor) -> Tensor {
    let rows: [Int32] = [9, 9, 0, 3, 3, -1, 9, 9, 4, 1, 2, 0, 9, 9, -2, -1, 3, 4]
    let items = (0..<15).map { Float($0 * 7 % 11) / 8 - 0.6 }
    return action.candidateScores(
      IndexTensor(rows, shape: [3, 6], on: action.backend), first: 2,
      items: Tensor(items, shape: [5, 3], on: action.backend))
  }

  private static func expectation(_ scores: Tensor, temperature: Float) -> Tensor {
    let values = (0..<scores.shape.count).map { Float($0 * 5 % 7) / 2 - 1 }
    return scores.softmaxExpectation(
      of: Tensor(values, shape: scores.shape, on: scores.backend), temperature: temperature)
  }

  static let candidates: [Expression] = [
    Expression("candidateScores of items", [3, 3], [5, 3]) {
      let rows: [Int32] = [0, 3, 3, 4, -1, 2, -2, 3, 4]
      return $0[0].candidateScores(
        IndexTensor(rows, shape: [3, 3], on: $0[0].backend), items: $0[1].tanh(), absent: 2)
    },
    Expression("softmaxExpectation of values", [3, 5], [3, 5]) {
      $0[0].softmaxExpectation(of: $0[1].squared(), temperature: 0.7)
    },
    Expression("softmaxExpectation of itself", [3, 5]) {
      $0[0].softmaxExpectation(of: $0[0], temperature: 2)
    },
    Expression("weighted softmaxCrossEntropy", [4, 3]) {
      let backend = $0[0].backend
      return $0[0].softmaxCrossEntropy(
        IndexTensor([2, 0, 1, 1], shape: [4], on: backend),
        weights: Tensor([0.5, -2, 0, 3] as [Float], shape: [4], on: backend))
    },
    Expression("rows", [4, 3]) {
      $0[0].squared().rows(at: IndexTensor([3, 0, -1, 3, 3], shape: [5], on: $0[0].backend))
    },
    Expression("stepMean", [4, 6]) {
      $0[0].squared().reshaped([4, 3, 2]).stepMean(
        lengths: IndexTensor([2, 0, 3, 1], shape: [4], on: $0[0].backend))
    },
    Expression("stepMean of every step", [4, 6]) { $0[0].reshaped([4, 3, 2]).stepMean().tanh() },
    Expression("candidateScores", [3, 3]) { candidateScores($0[0]) },
    Expression("softmaxExpectation", [3, 5]) { expectation($0[0], temperature: 0.7) },
    Expression("softmaxExpectation of scores used twice", [3, 5]) {
      expectation($0[0], temperature: 2) * $0[0].rowDot($0[0])
    },
    Expression("softmaxExpectation of candidateScores", [3, 3]) {
      expectation(candidateScores($0[0].tanh()), temperature: 0.5)
    },
  ]

  static let composite: [Expression] = [
    Expression("a tensor used three times", [4, 3]) { $0[0] * $0[0].tanh() + $0[0] },
    Expression("a / (1 + b²) + a", [4, 3], [4, 3]) { $0[0] / ($0[1].squared() + 1) + $0[0] },
    Expression("log of softplus", [6]) { ($0[0].exp() + 1).log().sigmoid() },
    Expression("PMF loss", [6, 4], [6, 4], [6, 1]) { leaves in
      let prediction = leaves[0].rowDot(leaves[1]) + leaves[2].reshaped([6])
      return prediction.squaredError(Tensor(repeating: 0.4, shape: [6], on: prediction.backend))
        + 0.06 * (leaves[0].squaredNorm() + leaves[1].squaredNorm())
    },
    Expression("row and column at once", [5, 3], [3], [5]) {
      (($0[0] * $0[1] - $0[2]) / ($0[0].squared() + 1)).tanh()
    },
    Expression("huber inside and outside", [9]) { leaves in
      let target = Tensor(repeating: 0.5, shape: [9], on: leaves[0].backend)
      let weights = Tensor((1...9).map { Float($0) / 8 }, shape: [9], on: leaves[0].backend)
      return leaves[0].huber(target, delta: 0.9, weights: weights)
    },
  ]

  static let all = binary + unary + reductions + candidates + composite
}

@Suite("Gradients of tensor expressions")
struct TapeGradientTests {
  /// The step of the differences is 1e-5, so their own error is about 1e-10.
  @Test("the tape against central differences in float64", arguments: Expression.all)
  func differences(_ expression: Expression) throws {
    let (_, gradients) = try expression.gradients(on: ReferenceBackend())
    let values = expression.values
    for (leaf, gradient) in gradients.enumerated() {
      let numeric = try FiniteDifference.gradient(
        at: values[leaf], coordinates: Array(values[leaf].indices)
      ) { point in
        let backend = ReferenceBackend()
        let operands = zip(expression.shapes, values).enumerated().map {
          Tensor($0 == leaf ? point : $1.1, shape: $1.0, on: backend)
        }
        return try expression.loss(operands).doubles()[0]
      }
      #expect(relativeError(gradient, numeric) < 1e-7, "leaf \(leaf)")
    }
  }

  @Test("every device against float64", arguments: TestDevices.all, Expression.all)
  func devices(_ device: TestDevice, _ expression: Expression) throws {
    let (loss, gradients) = try expression.gradients(on: device.make())
    let (expectedLoss, expected) = try expression.gradients(on: ReferenceBackend())
    #expect(abs(loss - expectedLoss) <= 1e-5 * max(1, abs(expectedLoss)))
    for (found, reference) in zip(gradients, expected) {
      #expect(relativeError(found, reference) < 1e-5)
    }
  }
}
