/// How the times of a log are written: all as dates, or all as numbers of one unit.
struct TimeColumn {
  /// nil before the first.
  private(set) var hasDates: Bool?
  private var dates = DateReader()

  /// Seconds, or what number there is, or microseconds of a date; nil for what is neither, or not as
  /// those before it.
  mutating func read(_ text: Bytes) -> Int64? {
    if hasDates != true, let seconds = Number.seconds(text) {
      hasDates = false
      return seconds
    }
    if hasDates != false, let microseconds = dates.microseconds(text) {
      hasDates = true
      return microseconds
    }
    return nil
  }

  mutating func read(_ text: Bytes, of file: String, _ line: Int) throws(DataError) -> Int64 {
    if let time = read(text) { return time }
    if hasDates == true || hasDates == nil && text.contains(45) {
      throw .fault(
        file, line: line, found: "the time \"\(quoted(text))\"",
        expected: "a date as 2019-11-24 or 2019-11-24T00:03:13Z")
    }
    throw .notANumber(file: file, line: line, field: "time", value: quoted(text))
  }

  /// Numbers that were read otherwise.
  mutating func readNumbers() { hasDates = false }

  /// Whether times of another column may come behind these, which they then do.
  mutating func join(_ others: TimeColumn) -> Bool {
    guard let hasThem = others.hasDates else { return true }
    if hasDates == nil { hasDates = hasThem }
    return hasDates == hasThem
  }

  /// The unit of what was read, that of numbers by their size.
  func unit(of times: [Int64], in file: String) throws(DataError) -> TimeUnit {
    if hasDates == true { return .microseconds }
    var (earliest, latest) = (Int64.max, Int64.min)
    for time in times {
      if time > 0 { earliest = min(earliest, time) }
      latest = max(latest, time)
    }
    if latest <= 0 { return .seconds }
    let unit = TimeUnit.of(latest)
    if unit != .seconds, TimeUnit.of(earliest) != unit {
      throw .fault(
        file, found: "times from \(earliest) to \(latest), of two units",
        expected: "all in seconds, milliseconds, microseconds or nanoseconds")
    }
    return unit
  }
}
