import COpenBLAS
import Kernels
import Testing

/// The built-in product, which serves where OpenBLAS is absent, and the library's own.
@Suite struct HostProductTests {
  struct Shape: CustomTestStringConvertible {
    var m: Int, n: Int, k: Int
    var testDescription: String { "\(m)x\(k)x\(n)" }
  }
  static let shapes = [
    Shape(m: 1, n: 1, k: 1), Shape(m: 7, n: 17, k: 3), Shape(m: 6, n: 16, k: 256),
    Shape(m: 64, n: 100, k: 300), Shape(m: 13, n: 33, k: 513), Shape(m: 2, n: 5, k: 0),
    Shape(m: 400, n: 300, k: 130),
  ]

  @Test(arguments: shapes, [(false, false), (true, false), (false, true), (true, true)])
  func agreesWithTheSumInDouble(_ shape: Shape, _ transposes: (a: Bool, b: Bool)) {
    let (m, n, k) = (shape.m, shape.n, shape.k)
    var random = Philox(seed: 9)
    func draw(_ count: Int) -> [Float] { (0..<count).map { _ in random.uniform() - 0.5 } }
    let a = draw(m * k)
    let b = draw(k * n)
    let c = draw(m * n)
    for beta: Float in [0, 1] {
      // What beta 0 overwrites may be anything.
      var result = beta == 0 ? [Float](repeating: .nan, count: m * n) : c
      host_product(
        transposes.a, transposes.b, Int32(m), Int32(n), Int32(k), a, b, beta, &result, Int32(n))
      var worst = 0.0
      for i in 0..<m {
        for j in 0..<n {
          var exact = beta == 0 ? 0 : Double(c[i * n + j])
          for p in 0..<k {
            exact +=
              Double(transposes.a ? a[p * m + i] : a[i * k + p])
              * Double(transposes.b ? b[j * k + p] : b[p * n + j])
          }
          worst = max(worst, abs(Double(result[i * n + j]) - exact))
        }
      }
      #expect(worst <= 1e-7 * Double(k + 4).squareRoot() * 4)
    }
  }

  /// Products of one thread and of all of them, at once from several tasks.
  @Test func everyTaskGetsTheSameBits() async throws {
    @Sendable func bits(_ m: Int) throws -> [UInt32] {
      let (k, n) = (300, 130)
      let backend = CPUBackend()
      let (x, w) = (Floats(backend.allocate(m * k)), Floats(backend.allocate(k * n)))
      let y = Floats(backend.allocate(m * n))
      backend.uniform(x, low: -1, high: 1, RandomKey(key: 1, counter: 0))
      backend.uniform(w, low: -1, high: 1, RandomKey(key: 1, counter: 1))
      backend.linear(x, w, nil, .tanh, m: m, k: k, n: n, into: y)
      return try backend.read(y).map(\.bitPattern)
    }
    let expected = try [64: bits(64), 500: bits(500)]
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for i in 0..<40 {
        let m = i % 3 == 0 ? 500 : 64
        group.addTask { try bits(m) == expected[m] }
      }
      for try await isEqual in group { #expect(isEqual) }
    }
  }

  @Test func theHostIsDescribed() {
    #expect(CPUBackend.info.kind == .cpu && CPUBackend.info.id == .cpu)
    #expect(CPUBackend.info.computeUnits >= 1 && CPUBackend.info.memoryBytes > 1 << 20)
    #expect(CPUBackend.openBLAS.contains("OpenBLAS"))
    #expect(throws: BackendError.self) { try CPUBackend.configure(blasCore: "no such core") }
  }
}
