/// How the times of a log are written: all as dates, or all as numbers of one unit.
struct TimeColumn {
  /// nil before the first.
  private(set) var hasDates: Bool?
  /// The first after 1970, and the last.
  private var earliest = Int64.max
  private var latest = Int64.min
  private var dates = DateReader()

  /// Seconds, or what number there is, or microseconds of a date; nil for what is neither, or not as
  /// those before it.
  mutating func read(_ text: Bytes) -> Int64? {
    if hasDates != true, let seconds = Number.seconds(text) {
      hasDates = false
      note(seconds)
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

  /// Numbers that were read otherwise, one at least.
  mutating func readNumbers(_ times: [Int64]) {
    hasDates = false
    for time in times { note(time) }
  }

  private mutating func note(_ time: Int64) {
    if time > 0 { earliest = min(earliest, time) }
    latest = max(latest, time)
  }

  /// Whether times of another column may come behind these, which they then do.
  mutating func join(_ others: TimeColumn) -> Bool {
    guard let hasThem = others.hasDates else { return true }
    guard hasDates ?? hasThem == hasThem else { return false }
    hasDates = hasThem
    (earliest, latest) = (min(earliest, others.earliest), max(latest, others.latest))
    return true
  }

  /// The unit of what was read, that of numbers by their size.
  func unit(in file: String) throws(DataError) -> TimeUnit {
    if hasDates == true { return .microseconds }
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
