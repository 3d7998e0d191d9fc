import CLoops
import Kernels
import Testing

/// The built-in products and OpenBLAS's, each against a sum in Double.
@Suite struct HostProductTests {
  struct Shape: CustomTestStringConvertible {
    var m: Int, n: Int, k: Int
    var testDescription: String { "\(m)x\(k)x\(n)" }
  }
  static let shapes = [
    Shape(m: 1, n: 1, k: 1), Shape(m: 7, n: 17, k: 3), Shape(m: 6, n: 16, k: 256),
    Shape(m: 64, n: 100, k: 300), Shape(m: 13, n: 33, k: 513), Shape(m: 2, n: 5, k: 0),
    Shape(m: 1, n: 130, k: 40), Shape(m: 3, n: 300, k: 30), Shape(m: 29, n: 400, k: 64),
    Shape(m: 40, n: 64, k: 30), Shape(m: 400, n: 300, k: 130),
  ]

  /// A product of random matrices whose rows are longer than they are wide, and its exact values.
  struct Example {
    static let excess = 3
    let shape: Shape
    let transposes: (a: Bool, b: Bool)
    let a: [Float], b: [Float], c: [Float], bias: [Float], gate: [Float]
    var lda: Int { (transposes.a ? shape.m : shape.k) + Self.excess }
    var ldb: Int { (transposes.b ? shape.k : shape.n) + Self.excess }
    var ldc: Int { shape.n + Self.excess }

    init(_ shape: Shape, _ transposes: (a: Bool, b: Bool)) {
      self.shape = shape
      self.transposes = transposes
      var random = Philox(seed: 9)
      func draw(_ count: Int) -> [Float] { (0..<count).map { _ in random.uniform() - 0.5 } }
      let (m, n, k) = (shape.m + Self.excess, shape.n + Self.excess, shape.k + Self.excess)
      a = draw(m * k)
      b = draw(k * n)
      c = draw(m * n)
      bias = draw(shape.n)
      gate = draw(m * n)
    }

    func product(_ i: Int, _ j: Int) -> Double {
      (0..<shape.k).reduce(0) { sum, p in
        sum + Double(transposes.a ? a[p * lda + i] : a[i * lda + p])
          * Double(transposes.b ? b[j * ldb + p] : b[p * ldb + j])
      }
    }

    /// What `run` made of `initial`, with the options that are set.
    func result(
      _ initial: [Float], isAccumulated: Bool, hasBias: Bool = false, isRectified: Bool = false,
      isGated: Bool = false, _ run: (inout dense_product) -> Void
    ) -> [Float] {
      var result = initial
      result.withUnsafeMutableBufferPointer { c in
        a.withUnsafeBufferPointer { a in
          b.withUnsafeBufferPointer { b in
            bias.withUnsafeBufferPointer { bias in
              gate.withUnsafeBufferPointer { gate in
                var product = dense_product(
                  transpose_a: transposes.a, transpose_b: transposes.b, m: Int64(shape.m),
                  n: Int64(shape.n), k: Int64(shape.k), a: a.baseAddress, lda: Int64(lda),
                  b: b.baseAddress, ldb: Int64(ldb), bias: hasBias ? bias.baseAddress : nil,
                  accumulate: isAccumulated, relu: isRectified,
                  gate: isGated ? gate.baseAddress : nil, ld_gate: Int64(ldc),
                  c: c.baseAddress, ldc: Int64(ldc))
                run(&product)
              }
            }
          }
        }
      }
      return result
    }

    /// Every element is near `exact`, and what lies beyond the columns is as it was.
    func check(_ result: [Float], _ initial: [Float], _ exact: (Int, Int) -> Double) {
      var worst = 0.0
      for i in 0..<shape.m {
        for j in 0..<shape.n { worst = max(worst, abs(Double(result[i * ldc + j]) - exact(i, j))) }
        for j in shape.n..<ldc where i * ldc + j < initial.count {
          #expect(result[i * ldc + j].bitPattern == initial[i * ldc + j].bitPattern)
        }
      }
      #expect(worst <= 1e-7 * Double(shape.k + 4).squareRoot() * 4)
    }
  }

  /// The built-in loops, and at each vector level that the processor has, the tiles and what is
  /// chosen between them and OpenBLAS.
  enum Way {
    case loops, tiles(blas_library), library(blas_library)

    static var all: [Way] {
      var ways = [Way.loops]
      for library in librariesByLevel() {
        if library.vector_level != 1 { ways.append(.tiles(library)) }
        ways.append(.library(library))
      }
      return ways
    }
  }

  @Test(
    arguments: shapes, [(false, false), (true, false), (false, true), (true, true)])
  func agreesWithTheSumInDouble(_ shape: Shape, _ transposes: (a: Bool, b: Bool)) {
    let example = Example(shape, transposes)
    let products = (0..<shape.m).map { i in (0..<shape.n).map { j in example.product(i, j) } }
    let unset = [Float](repeating: .nan, count: example.c.count)
    for way in Way.all {
      let run: (inout dense_product) -> Void = { product in
        switch way {
        case .loops: host_product(&product)
        case .tiles(var library): #expect(tiles_product(&library, &product))
        case .library(var library): blas_product(&library, &product)
        }
      }
      // What is overwritten may be anything.
      example.check(example.result(unset, isAccumulated: false, run), unset) { products[$0][$1] }
      example.check(example.result(example.c, isAccumulated: true, run), example.c) {
        Double(example.c[$0 * example.ldc + $1]) + products[$0][$1]
      }
      if case .loops = way { continue }
      let layer = example.result(
        unset, isAccumulated: false, hasBias: true, isRectified: true, run)
      example.check(layer, unset) { max(0, products[$0][$1] + Double(example.bias[$1])) }
      let gated = example.result(unset, isAccumulated: false, isGated: true, run)
      example.check(gated, unset) {
        example.gate[$0 * example.ldc + $1] > 0 ? products[$0][$1] : 0
      }
    }
  }

  @Test(
    "what is split is split by shape alone",
    arguments: [
      Shape(m: 500, n: 130, k: 300), Shape(m: 64, n: 1_000, k: 300), Shape(m: 1_100, n: 49, k: 300),
      Shape(m: 3, n: 2_500, k: 2_100), Shape(m: 16, n: 16, k: 65_536),
    ], [(false, false), (true, false), (false, true)])
  func threads(_ shape: Shape, _ transposes: (a: Bool, b: Bool)) {
    // With OpenBLAS and without, at each vector level.
    for (hasLibrary, level) in [true, false].flatMap({ h in librariesByLevel().map { (h, $0) } }) {
      let example = Example(shape, transposes)
      let bits = [1, 2, 3, 8].map { threads in
        var library = level
        library.threads = Int32(threads)
        if !hasLibrary { library.sgemm = nil }
        return example.result(example.c, isAccumulated: false, hasBias: true, isGated: true) {
          blas_product(&library, &$0)
        }
      }
      for other in bits.dropFirst() {
        #expect(other.elementsEqual(bits[0]) { $0.bitPattern == $1.bitPattern })
      }
      // Corners of tiles.
      for (i, j) in [(0, 0), (shape.m / 2, shape.n / 2), (shape.m - 1, shape.n - 1)] {
        let at = i * example.ldc + j
        let exact = example.product(i, j) + Double(example.bias[j])
        let expected = example.gate[at] > 0 ? exact : 0
        #expect(abs(Double(bits[0][at]) - expected) <= 1e-7 * Double(shape.k).squareRoot() * 8)
      }
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
