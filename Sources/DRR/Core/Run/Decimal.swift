import Platform

/// `value` with so many digits after the point.
public func decimal(_ value: Double, _ digits: Int) -> String {
  guard value.isFinite else { return "\(value)" }
  let scale = (0..<digits).reduce(1.0) { power, _ in power * 10 }
  let rounded = (abs(value) * scale).rounded()
  guard rounded < 9e15 else { return "\(value)" }
  let sign = value < 0 && rounded > 0 ? "-" : ""
  guard digits > 0 else { return "\(sign)\(Int(rounded))" }
  let fraction = String(Int(rounded) % Int(scale), digits: digits)
  return "\(sign)\(Int(rounded) / Int(scale)).\(fraction)"
}

/// 1.5 GB and the like.
package func byteText(_ bytes: Double) -> String {
  let units = ["B", "KB", "MB", "GB", "TB", "PB"]
  var (value, unit) = (bytes, 0)
  while value >= 1_000 && unit < units.count - 1 {
    value /= 1_000
    unit += 1
  }
  return "\(decimal(value, unit == 0 ? 0 : 1)) \(units[unit])"
}

/// 1234567 as 1,234,567.
package func grouped(_ number: Int) -> String {
  var digits = Array("\(number.magnitude)")
  var at = digits.count - 3
  while at > 0 {
    digits.insert(",", at: at)
    at -= 3
  }
  return (number < 0 ? "-" : "") + String(digits)
}
