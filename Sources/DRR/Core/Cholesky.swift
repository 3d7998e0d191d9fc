/// Elements of a packed lower triangle of that width.
package func triangle(_ width: Int) -> Int { width * (width + 1) / 2 }

/// L of A = L Lᵀ, in place; both packed lower triangles.
package func choleskyFactor(_ a: inout [Double], _ n: Int) {
  // Column by column, so that the inner loop is one of vectors.
  var column = [Double](repeating: 0, count: n)
  a.withUnsafeMutableBufferPointer { a in
    column.withUnsafeMutableBufferPointer { column in
      for k in 0..<n {
        let pivot = a[triangle(k) + k].squareRoot()
        a[triangle(k) + k] = pivot
        for i in k + 1..<n {
          let row = a.baseAddress! + triangle(i)
          row[k] /= pivot
          column[i] = row[k]
          let scale = row[k]
          for j in k + 1..<i + 1 { row[j] -= scale * column[j] }
        }
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
        let row = m.baseAddress! + triangle(i)
        let pivot = l[triangle(i) + i]
        for k in 0..<i {
          let scale = l[triangle(i) + k]
          let other = m.baseAddress! + triangle(k)
          for j in 0..<k + 1 { row[j] -= scale * other[j] }
        }
        for j in 0..<i { row[j] /= pivot }
        row[i] = 1 / pivot
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
