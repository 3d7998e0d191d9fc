import DRRData

extension LineFault {
  /// What a propensity must be; it is never taken for granted.
  static let propensity =
    "the probability of the logged action, above 0 and at most 1; it is never taken as 1"
}

extension HeadedRows.Row {
  func probability(_ column: Int, _ name: String) throws(DataError) -> Double {
    guard let value = Number.decimal(fields[column]), value > 0, value <= 1 else {
      throw fault(name, fields[column], LineFault.propensity)
    }
    return value
  }
}
