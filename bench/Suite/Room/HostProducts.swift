import CBench
import Tensor

/// A matrix product: c[m, n] = op(a) · op(b), a[m, k], b[k, n], either one stored transposed.
struct Product: Hashable {
  var m: Int
  var k: Int
  var n: Int
  var transposeA = false
  var transposeB = false

  init(_ m: Int, _ k: Int, _ n: Int, transposeA: Bool = false, transposeB: Bool = false) {
    (self.m, self.k, self.n) = (m, k, n)
    (self.transposeA, self.transposeB) = (transposeA, transposeB)
  }

  var name: String { "\(m)×\(k)×\(n)" }
  var flops: Double { 2 * Double(m) * Double(k) * Double(n) }
  var words: Int { m * k + k * n + m * n }
}

extension Product {
  /// The products of dense layers of these widths, for so many rows.
  static func forward(_ widths: [Int], rows: Int) -> [Product] {
    zip(widths, widths.dropFirst()).map { Product(rows, $0, $1) }
  }

  /// Those of the gradients of their weights.
  static func weightGradients(_ widths: [Int], rows: Int) -> [Product] {
    zip(widths, widths.dropFirst()).map { Product($0, rows, $1, transposeA: true) }
  }

  /// Those of the gradients of their inputs.
  static func inputGradients(_ widths: [Int], rows: Int) -> [Product] {
    zip(widths, widths.dropFirst()).map { Product(rows, $1, $0, transposeB: true) }
  }
}

/// Products by OpenBLAS alone, on inputs of their own.
final class HostProducts {
  private let blas: bench_blas
  private var arrays: [(product: Product, a: [Float], b: [Float])] = []
  private var c: [Float]

  /// Nil where no OpenBLAS runs in this process. The processor's backend must have opened it.
  init?(_ products: [Product]) {
    var blas = bench_blas()
    guard bench_blas_find(&blas) else { return nil }
    self.blas = blas
    var random = Philox(seed: 7, stream: 0)
    for product in products {
      let a = (0..<product.m * product.k).map { _ in random.uniform() - 0.5 }
      let b = (0..<product.k * product.n).map { _ in random.uniform() - 0.5 }
      arrays.append((product, a, b))
    }
    c = Array(repeating: 0, count: products.map { $0.m * $0.n }.max() ?? 0)
  }

  /// All of them once, on so many threads each.
  func run(threads: Int) {
    let before = blas.get_num_threads()
    if before != threads { blas.set_num_threads(Int32(threads)) }
    c.withUnsafeMutableBufferPointer { c in
      for (product, a, b) in arrays {
        withUnsafePointer(to: blas) {
          bench_blas_product(
            $0, product.transposeA, product.transposeB, Int32(product.m), Int32(product.n),
            Int32(product.k), a, b, c.baseAddress!)
        }
      }
    }
    if before != threads { blas.set_num_threads(before) }
  }
}
