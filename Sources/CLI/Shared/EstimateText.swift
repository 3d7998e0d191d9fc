import DRR

/// A difference, with its sign.
func signed(_ value: Double, _ digits: Int) -> String {
  let text = decimal(value, digits)
  return value > 0 && !text.hasPrefix("-") ? "+\(text)" : text
}

/// An interval, as every table writes one.
func interval(_ low: Double, _ high: Double, _ digits: Int) -> String {
  "[\(decimal(low, digits)), \(decimal(high, digits))]"
}

extension Estimate {
  /// The 95 % interval.
  func interval(_ digits: Int) -> String { Commands.interval(low, high, digits) }

  /// The 95 % interval of a difference; a star where it is without zero.
  func signedInterval(_ digits: Int) -> String {
    "[\(signed(low, digits)), \(signed(high, digits))]" + star
  }

  /// What marks a difference whose interval is without zero.
  var star: String { low > 0 || high < 0 ? "*" : " " }
}
