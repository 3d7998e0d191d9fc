import DRRCore

/// Times that are written as dates.
package enum Timestamp {
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ].map { Array($0.utf8) }

  /// Microseconds since 1970 in UTC, of a date as ISO 8601 has it, `2019-11-24`, or a date and a
  /// time, `2019-11-24 00:03:13.442536+00:00`, the fraction and the zone as they like, or a `Z`, or
  /// the seconds left out; or of `Sun Nov 24 00:03:13 -0700 2019`. Nil for any other text.
  package static func microseconds(_ text: Bytes) -> Int64? {
    var reader = DateReader()
    return reader.microseconds(text)
  }

  /// The days since 1970 of the date that a text begins with; nil where it begins with none.
  fileprivate static func days(_ text: Bytes) -> Int64? {
    guard let century = digits(text, 0..<2), let (year, month, day) = pairs(text, 2, 45) else {
      return nil
    }
    return days(century * 100 + year, month, day)
  }

  /// The microseconds behind a day's beginning of what stands behind its date.
  fileprivate static func timeOfDay(_ text: Bytes) -> Int64? {
    guard text[10] == 32 || text[10] == 84, let clock = clock(text, from: 11) else { return nil }
    var at = clock.end
    var fraction: Int64 = 0
    if at < text.count, text[at] == 46 {
      var unit: Int64 = 100_000
      at += 1
      while at < text.count, 48...57 ~= text[at] {
        fraction += Int64(text[at] - 48) * unit
        unit /= 10
        at += 1
      }
    }
    guard let offset = offset(Bytes(rebasing: text[at...])) else { return nil }
    return (clock.seconds - offset * 60) * 1_000_000 + fraction
  }

  /// `Sun Nov 24 00:03:13 -0700 2019`
  fileprivate static func worded(_ text: Bytes) -> Int64? {
    guard text.count == 30, let month = months.firstIndex(where: text[4..<7].elementsEqual),
      let day = digits(text, 8..<10), let clock = clock(text, from: 11), clock.end == 19,
      let offset = offset(Bytes(rebasing: text[20..<25])), let year = digits(text, 26..<30),
      [3, 7, 10, 19, 25].allSatisfy({ text[$0] == 32 }),
      let days = days(year, Int64(month) + 1, day)
    else { return nil }
    return (days * 86_400 + clock.seconds - offset * 60) * 1_000_000
  }

  private static func digits(_ text: Bytes, _ range: Range<Int>) -> Int64? {
    guard range.upperBound <= text.count else { return nil }
    var value: Int64 = 0
    for at in range {
      guard 48...57 ~= text[at] else { return nil }
      value = value * 10 + Int64(text[at] - 48)
    }
    return value
  }

  /// The seconds of `00:03:13` or `00:03`, and where it ends.
  private static func clock(_ text: Bytes, from at: Int) -> (seconds: Int64, end: Int)? {
    if let (hour, minute, second) = pairs(text, at, 58), hour < 24, minute < 60, second < 61 {
      return (hour * 3_600 + minute * 60 + second, at + 8)
    }
    guard text.count >= at + 5, text[at + 2] == 58, let hour = digits(text, at..<at + 2),
      let minute = digits(text, at + 3..<at + 5), hour < 24, minute < 60
    else { return nil }
    let hasSeconds = text.count > at + 5 && text[at + 5] == 58
    return hasSeconds ? nil : (hour * 3_600 + minute * 60, at + 5)
  }

  /// Three numbers of two digits with a byte between them, as `00:03:13`; nil for other text.
  @inline(__always)
  private static func pairs(
    _ text: Bytes, _ at: Int, _ separator: UInt8
  ) -> (Int64, Int64, Int64)? {
    guard text.count >= at + 8 else { return nil }
    let word = UnsafeRawPointer(text.baseAddress! + at).loadUnaligned(as: UInt64.self)
    // Digits as their values, and 0 for the separators.
    let spelled = 0x3030_0030_3000_3030 | UInt64(separator) << 16 | UInt64(separator) << 40
    let values = word.littleEndian ^ spelled
    // The high bit of a byte that is neither; carries reach only those behind the first one.
    let others = ((values &+ 0x7676_7f76_767f_7676) | values) & 0x8080_8080_8080_8080
    let sums = values &* 10 &+ (values >> 8)
    return others != 0
      ? nil : (Int64(sums & 0xff), Int64(sums >> 24 & 0xff), Int64(sums >> 48 & 0xff))
  }

  /// The minutes of `+01:00`, `+0100`, `Z` or nothing.
  private static func offset(_ text: Bytes) -> Int64? {
    guard let sign = text.first else { return 0 }
    if sign == 90 { return text.count == 1 ? 0 : nil }
    let hasColon = text.count == 6 && text[3] == 58
    guard sign == 43 || sign == 45, hasColon || text.count == 5, let hours = digits(text, 1..<3),
      let minutes = digits(text, hasColon ? 4..<6 : 3..<5)
    else { return nil }
    return (sign == 45 ? -1 : 1) * (hours * 60 + minutes)
  }

  /// Days since 1970 of the civil calendar, in years that begin in March; nil for no such day.
  @inline(__always)
  private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64? {
    guard 1...12 ~= month, 1...31 ~= day else { return nil }
    let years = month <= 2 ? year - 1 : year
    let (era, shifted) = (years >= 0 ? years / 400 : -1, (month + 9) % 12)
    let yearOfEra = years - era * 400
    let dayOfYear = (153 * shifted + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }
}

/// Dates one after the other, many of which are of one day.
struct DateReader: Sendable {
  /// The first ten bytes of the last date, and its days since 1970.
  private var (start, end) = (0 as UInt64, 0 as UInt16)
  private var days: Int64?

  /// As ``Timestamp/microseconds(_:)``.
  mutating func microseconds(_ text: Bytes) -> Int64? {
    guard let first = text.first, 48...57 ~= first else { return Timestamp.worded(text) }
    guard text.count >= 10 else { return nil }
    let bytes = UnsafeRawPointer(text.baseAddress!)
    let start = bytes.loadUnaligned(as: UInt64.self)
    let end = bytes.loadUnaligned(fromByteOffset: 8, as: UInt16.self)
    if start != self.start || end != self.end {
      days = Timestamp.days(text)
      (self.start, self.end) = (start, end)
    }
    guard let days else { return nil }
    if text.count == 10 { return days * 86_400 * 1_000_000 }
    return Timestamp.timeOfDay(text).map { days * 86_400 * 1_000_000 + $0 }
  }
}

/// The unit of times that are numbers, by their size: those of our age have ten digits in seconds,
/// thirteen in milliseconds, and so on.
package enum TimeUnit: Int64, CaseIterable {
  case seconds = 1
  case milliseconds = 1_000
  case microseconds = 1_000_000
  case nanoseconds = 1_000_000_000

  /// Seconds are taken for such up to the year 5138.
  package static func of(_ time: Int64) -> TimeUnit {
    switch time.magnitude {
    case ..<100_000_000_000: .seconds
    case ..<100_000_000_000_000: .milliseconds
    case ..<100_000_000_000_000_000: .microseconds
    default: .nanoseconds
    }
  }
}
