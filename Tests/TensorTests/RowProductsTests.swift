import Tensor
import TestSupport
import Testing

@Suite("Products of rows with rows")
struct RowProductsTests {
  private static let (m, n, e) = (5, 7, 3)
  private static func values(_ seed: UInt64, _ count: Int) -> [Float] {
    var random = SeededGenerator(seed)
    return (0..<count).map { _ in Float.random(in: -1...1, using: &random) }
  }

  @Test("products and both gradients are those of loops", arguments: TestDevices.withReference)
  func products(_ device: TestDevice) throws {
    let backend = try device.make()
    let (m, n, e) = (Self.m, Self.n, Self.e)
    let set = ParameterSet(on: backend, seed: 1, stream: 2)
    let a = Embedding("a", rows: m, width: e, .normal(deviation: 1), in: set)
    let b = Embedding("b", rows: n, width: e, .normal(deviation: 1), in: set)
    let weights = Self.values(3, m * n)
    let tape = Tape(training: set)
    func rows(_ table: Embedding, _ count: Int) -> Tensor {
      table(IndexTensor((0..<Int32(count)).map { $0 }, shape: [count], on: backend), tape)
    }
    let y = rows(a, m).products(withRowsOf: rows(b, n))
    tape.backward(from: (y * Tensor(weights, shape: [m, n], on: backend)).sum())
    let (u, v) = (try backend.doubles(a.table.values), try backend.doubles(b.table.values))
    var expected = [Double](repeating: 0, count: m * n)
    var (du, dv) = ([Double](repeating: 0, count: m * e), [Double](repeating: 0, count: n * e))
    for i in 0..<m {
      for j in 0..<n {
        for k in 0..<e {
          expected[i * n + j] += u[i * e + k] * v[j * e + k]
          du[i * e + k] += Double(weights[i * n + j]) * v[j * e + k]
          dv[j * e + k] += Double(weights[i * n + j]) * u[i * e + k]
        }
      }
    }
    #expect(relativeError(try y.doubles(), expected) < 1e-5)
    #expect(relativeError(try backend.doubles(a.table.gradients), du) < 1e-5)
    #expect(relativeError(try backend.doubles(b.table.gradients), dv) < 1e-5)
  }
}
