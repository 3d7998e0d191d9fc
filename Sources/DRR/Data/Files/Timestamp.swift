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
    guard let first = text.first, 48...57 ~= first else { return worded(text) }
    guard text.count >= 10, text[4] == 45, text[7] == 45, let year = digits(text, 0..<4),
      let month = digits(text, 5..<7), let day = digits(text, 8..<10),
      let days = days(year, month, day)
    else { return nil }
    if text.count == 10 { return days * 86_400 * 1_000_000 }
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
    return (days * 86_400 + clock.seconds - offset * 60) * 1_000_000 + fraction
  }

  /// `Sun Nov 24 00:03:13 -0700 2019`
  private static func worded(_ text: Bytes) -> Int64? {
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
    guard text.count >= at + 5, text[at + 2] == 58, let hour = digits(text, at..<at + 2),
      let minute = digits(text, at + 3..<at + 5), hour < 24, minute < 60
    else { return nil }
    guard text.count > at + 5, text[at + 5] == 58 else {
      return (hour * 3_600 + minute * 60, at + 5)
    }
    guard let second = digits(text, at + 6..<at + 8), second < 61 else { return nil }
    return (hour * 3_600 + minute * 60 + second, at + 8)
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
