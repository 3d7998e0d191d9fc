public enum Reduction: Int32, Sendable, CaseIterable { case sum, mean, maximum }

/// Sums have a fixed tree on each device, so results repeat to the bit.
public protocol ReductionKernels: AnyObject {
  /// y[m] = op over the n columns of x[m, n].
  func reduceRows(_ op: Reduction, _ x: Floats, m: Int, n: Int, into y: Floats)
  /// y[n] = Σ over the m rows of x[m, n].
  func sumColumns(_ x: Floats, m: Int, n: Int, into y: Floats)
  /// y[m] = Σ_n a[m, n] · b[m, n].
  func rowDot(_ a: Floats, _ b: Floats, m: Int, n: Int, into y: Floats)
  /// y[1] = scale · Σ x.
  func sum(_ x: Floats, scale: Float, into y: Floats)
  /// y[1] = Σ x².
  func squaredNorm(_ x: Floats, into y: Floats)

  /// y[b, h] = the mean of the first lengths_b of the t steps of x[b, t, h], zeros where that is
  /// none; all steps when nil. A length is taken to be within 0 ... t.
  func stepMean(_ x: Floats, lengths: Indices?, b: Int, t: Int, h: Int, into y: Floats)
  /// dx[b, t, h] = dy_b / lengths_b within the length, 0 past it, overwritten.
  func stepMeanBackward(_ dy: Floats, lengths: Indices?, b: Int, t: Int, h: Int, into dx: Floats)
}
