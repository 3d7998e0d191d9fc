/// Elements of a packed lower triangle of that width.
package func triangle(_ width: Int) -> Int { width * (width + 1) / 2 }

/// L of A = L Lᵀ, in place; both packed lower triangles.
package func choleskyFactor(_ a: inout [Double], _ n: Int) {
  a.withUnsafeMutableBufferPointer { a in
    for i in 0..<n {
      let row = triangle(i)
      for j in 0...i {
        let other = triangle(j)
        var sum = a[row + j]
        for k in 0..<j { sum -= a[row + k] * a[other + k] }
        a[row + j] = i == j ? sum.squareRoot() : sum / a[other + j]
      }
    }
  }
}

/// x of L Lᵀ x = b.
package func choleskySolve(_ l: [Double], _ b: [Double], _ n: Int) -> [Double] {
  var x = b
  for i in 0..<n {
    let row = triangle(i)
    for k in 0..<i { x[i] -= l[row + k] * x[k] }
    x[i] /= l[row + i]
  }
  for i in (0..<n).reversed() {
    for k in i + 1..<n { x[i] -= l[triangle(k) + i] * x[k] }
    x[i] /= l[triangle(i) + i]
  }
  return x
}

/// (L Lᵀ)⁻¹ as a packed lower triangle.
package func choleskyInverse(_ l: [Double], _ n: Int) -> [Double] {
  // M = L⁻¹, row by row; the inverse is Mᵀ M.
  var m = [Double](repeating: 0, count: l.count)
  var inverse = m
  l.withUnsafeBufferPointer { l in
    m.withUnsafeMutableBufferPointer { m in
      for i in 0..<n {
        let row = triangle(i)
        for j in 0..<i {
          var sum = 0.0
          for k in j..<i { sum -= l[row + k] * m[triangle(k) + j] }
          m[row + j] = sum / l[row + i]
        }
        m[row + i] = 1 / l[row + i]
      }
      inverse.withUnsafeMutableBufferPointer { inverse in
        for k in 0..<n {
          let row = triangle(k)
          for i in 0...k {
            let scale = m[row + i]
            for j in 0...i { inverse[triangle(i) + j] += scale * m[row + j] }
          }
        }
      }
    }
  }
  return inverse
}

/// x of A x = b, A symmetric and positive definite, given by its packed lower triangle.
package func solvePositiveDefinite(_ a: [Double], _ b: [Double], _ n: Int) -> [Double] {
  var factor = a
  choleskyFactor(&factor, n)
  return choleskySolve(factor, b, n)
}
