import DRRCore
import Testing

@Suite("Cholesky factors")
struct CholeskyTests {
  /// A positive definite matrix of fractions, as a packed lower triangle.
  private func matrix(_ n: Int) -> [Double] {
    func cell(_ i: Int, _ k: Int) -> Double { Double((i * 7 + k * 3) % 5 - 2) }
    var a: [Double] = []
    for i in 0..<n {
      for j in 0...i {
        var sum: Double = i == j ? 1 : 0
        for k in 0..<n { sum += cell(i, k) * cell(j, k) / 3 }
        a.append(sum)
      }
    }
    return a
  }

  @Test("factor, solution and inverse are those of the definitions", arguments: [1, 2, 5, 18, 33])
  func definitions(n: Int) {
    let a = matrix(n)
    func whole(_ i: Int, _ j: Int) -> Double { a[triangle(max(i, j)) + min(i, j)] }
    var l = a
    choleskyFactor(&l, n)
    // Element by element in the order of the definition, the same bits.
    var expected = a
    for i in 0..<n {
      for j in 0...i {
        var sum = a[triangle(i) + j]
        for k in 0..<j { sum -= expected[triangle(i) + k] * expected[triangle(j) + k] }
        expected[triangle(i) + j] =
          i == j ? sum.squareRoot() : sum / expected[triangle(j) + j]
      }
    }
    #expect(l == expected)
    let b: [Double] = (0..<n).map { Double($0 % 4) - 1 }
    let x = choleskySolve(l, b, n)
    let inverse = choleskyInverse(l, n)
    for i in 0..<n {
      var product = 0.0
      for k in 0..<n { product += whole(i, k) * x[k] }
      #expect(abs(product - b[i]) < 1e-9)
      for j in 0..<n {
        var cell: Double = i == j ? -1 : 0
        for k in 0..<n { cell += whole(i, k) * inverse[triangle(max(k, j)) + min(k, j)] }
        #expect(abs(cell) < 1e-9)
      }
    }
  }
}
