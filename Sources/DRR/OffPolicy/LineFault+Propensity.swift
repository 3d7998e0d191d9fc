import DRRData

extension LineFault {
  /// What a propensity must be; it is never taken for granted.
  static let propensity =
    "the probability of the logged action, above 0 and at most 1; it is never taken as 1"
}
