import DRRData

/// Numbers of things by name, of which each thing has few.
public struct NamedFeatures: Sendable {
  /// Columns at most. More names than these share them by hashing, each with a sign that is hashed
  /// too (Weinberger, Dasgupta, Langford, Smola & Attenberg 2009).
  static let columnLimit = 512
  /// Names, and numbers that are not 0 (1 GiB).
  static let nameLimit = 1 << 22
  static let valueLimit = 1 << 27
  /// What a number may be, so that sums and products of it are numbers too.
  static let largest = 1e30

  private var names = RawIDs()
  /// Where each row ends, and what the rows hold, by column.
  private var ends: [Int] = []
  private var columns: [Int32] = []
  private var values: [Float] = []
  /// The row that is being written.
  private var row: [(column: Int32, value: Double)] = []
  /// The first row of each hash, of those that stand for equal ones.
  private var known: [UInt64: Int32] = [:]

  public init() {}

  /// Rows that are whole.
  public var count: Int { ends.count }
  public var width: Int { names.count }

  func name(_ column: Int) -> String { names[column] }

  /// Adds a number to the row that is being written; of one name they are added up.
  mutating func append(
    _ name: Bytes, _ value: Double, of file: String, _ line: Int
  ) throws(DataError) {
    guard name.count <= JSONFeatures.nameLimit else {
      throw .fault(
        file, line: line,
        found: "a feature whose name is longer than \(JSONFeatures.nameLimit) bytes",
        expected: "shorter ones")
    }
    guard abs(value) <= Self.largest else {
      throw .fault(
        file, line: line, found: "the feature \"\(quoted(name))\" is \(value)",
        expected: "a number from -\(Self.largest) to \(Self.largest)")
    }
    guard value != 0 else { return }
    row.append((names.intern(name), value))
    if names.count > Self.nameLimit {
      throw .tooLarge(file: file, what: "names of features", limit: Self.nameLimit)
    }
  }

  /// Adds what an object tells.
  mutating func append(_ object: JSONFeatures, of file: String, _ line: Int) throws(DataError) {
    try object.forEach { (name, value) throws(DataError) in
      try append(name, value, of: file, line)
    }
  }

  /// Ends the row that is being written.
  mutating func endRow(of file: String) throws(DataError) {
    ends.append(store(at: columns.count))
    if columns.count > Self.valueLimit {
      throw .tooLarge(file: file, what: "values of features", limit: Self.valueLimit)
    }
  }

  /// Ends the row that is being written, and drops it where an equal one came before.
  ///
  /// - Returns: the number of the row that stands for it.
  mutating func endDistinctRow(of file: String) throws(DataError) -> Int32 {
    try endRow(of: file)
    let last = count - 1
    var hash = Self.hashStart
    for at in range(last) {
      hash = Self.mixed(hash, UInt64(UInt32(bitPattern: columns[at])))
      hash = Self.mixed(hash, UInt64(values[at].bitPattern))
    }
    if let earlier = known[hash] {
      let (own, other) = (range(last), range(Int(earlier)))
      guard columns[own] == columns[other], values[own] == values[other] else {
        return Int32(last)
      }
      columns.removeLast(own.count)
      values.removeLast(own.count)
      ends.removeLast()
      return earlier
    }
    known[hash] = Int32(last)
    return Int32(last)
  }

  /// Ends the table.
  ///
  /// - Returns: how many names share the columns by hashing; nil where each has its own.
  mutating func finish() -> Int? {
    known = [:]
    let found = names.count
    guard found > Self.columnLimit else { return nil }
    let places = names.map { name in
      var hash = Self.hashStart
      for byte in name.utf8 { hash = Self.mixed(hash, UInt64(byte)) }
      // The last byte reaches all bits of the column and the sign (Appleby 2016, MurmurHash3).
      hash = (hash ^ hash >> 33) &* 0xff51_afd7_ed55_8ccd
      hash ^= hash >> 33
      return (Int32(hash % UInt64(Self.columnLimit)), hash >> 63 == 0 ? 1.0 : -1)
    }
    var (start, written) = (0, 0)
    for at in ends.indices {
      row = (start..<ends[at]).map {
        let (column, sign) = places[Int(columns[$0])]
        return (column, sign * Double(values[$0]))
      }
      start = ends[at]
      written = store(at: written)
      ends[at] = written
    }
    columns.removeLast(columns.count - written)
    values.removeLast(values.count - written)
    names = RawIDs((0..<Self.columnLimit).map { "hash \($0)" })
    return found
  }

  /// Those of some rows, in this order.
  func selecting(_ rows: [Int32]) -> NamedFeatures {
    var selected = NamedFeatures()
    selected.names = names
    for row in rows {
      selected.columns += columns[range(Int(row))]
      selected.values += values[range(Int(row))]
      selected.ends.append(selected.columns.count)
    }
    return selected
  }

  /// Calls `body` with each column of a row that is not 0, in ascending order, and its value.
  @inline(__always)
  func forEach(of row: Int, _ body: (Int, Double) -> Void) {
    for at in range(row) { body(Int(columns[at]), Double(values[at])) }
  }

  @inline(__always)
  private func range(_ row: Int) -> Range<Int> { (row == 0 ? 0 : ends[row - 1])..<ends[row] }

  /// Writes the row by column, those of one column added up, and empties it.
  ///
  /// - Returns: where it ends.
  private mutating func store(at start: Int) -> Int {
    row.sort { $0.column < $1.column }
    var (end, at) = (start, 0)
    while at < row.count {
      let column = row[at].column
      var sum = 0.0
      while at < row.count, row[at].column == column {
        sum += row[at].value
        at += 1
      }
      if end == columns.count {
        columns.append(column)
        values.append(Float(sum))
      } else {
        (columns[end], values[end]) = (column, Float(sum))
      }
      end += 1
    }
    row.removeAll(keepingCapacity: true)
    return end
  }

  /// FNV-1a.
  private static let hashStart: UInt64 = 0xcbf2_9ce4_8422_2325
  private static func mixed(_ hash: UInt64, _ next: UInt64) -> UInt64 {
    (hash ^ next) &* 0x100_0000_01b3
  }
}
