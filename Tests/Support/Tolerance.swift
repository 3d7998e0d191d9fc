/// How far a device's result x may be from the reference r:
/// |x − r| / max(|r|, scale) ≤ factor · 2⁻²³ · √terms.
///
/// `scale` is the largest term of the sums behind r, so that cancellation is no false alarm.
public struct Bound: Sendable {
  public var factor: Double
  public var terms: Int
  public var scale: Double

  /// Without a scale, relative down to where float32 ends.
  public init(_ factor: Double = 4, terms: Int = 1, scale: Double = 1e-30) {
    self.factor = factor
    self.terms = terms
    self.scale = scale
  }

  /// The same value as the reference rounded to float32.
  public static let exact = Bound(0)

  public var limit: Double { factor * 0x1p-23 * Double(terms).squareRoot() }
}

extension Bound {
  /// 0 where x is as good as r; infinite where NaN or infinities are not in the same places.
  public func error(_ x: Double, _ r: Double) -> Double {
    let rounded = Double(Float(r))
    if x.isNaN || rounded.isNaN { return x.isNaN && rounded.isNaN ? 0 : .infinity }
    if x.isInfinite || rounded.isInfinite { return x == rounded ? 0 : .infinity }
    if limit == 0 { return x == rounded ? 0 : .infinity }
    return abs(x - r) / max(abs(r), scale)
  }

  /// A sentence on the worst element that is past the limit, or nil where none is.
  public func violation(_ values: [Double], _ reference: [Double]) -> String? {
    guard values.count == reference.count else {
      return "\(values.count) elements, expected \(reference.count)"
    }
    var worst = (index: -1, error: -1.0)
    var count = 0
    for i in values.indices {
      let error = error(values[i], reference[i])
      if !(error <= limit) { count += 1 }
      if error > worst.error { worst = (i, error) }
    }
    guard count > 0 else { return nil }
    return
      "\(count) of \(values.count) elements off; worst at \(worst.index): \(values[worst.index]), "
      + "reference \(reference[worst.index]), error \(worst.error) above \(limit)"
  }
}
