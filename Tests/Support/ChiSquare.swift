import Foundation

/// Pearson's χ² test of counts.
public enum ChiSquare {
  /// The probability of counts at least as far from `expected`, which must have the same total.
  public static func pValue(observed: [Int], expected: [Double]) -> Double {
    var statistic = 0.0
    var cells = 0
    for (count, mean) in zip(observed, expected) {
      if mean == 0 {
        if count > 0 { return 0 }
        continue
      }
      statistic += (Double(count) - mean) * (Double(count) - mean) / mean
      cells += 1
    }
    let freedom = Double(cells - 1)
    // Wilson & Hilferty 1931: the cube root of χ²/k is nearly normal.
    let variance = 2 / (9 * freedom)
    let z = (cbrt(statistic / freedom) - (1 - variance)) / variance.squareRoot()
    return erfc(z / 2.0.squareRoot()) / 2
  }
}
