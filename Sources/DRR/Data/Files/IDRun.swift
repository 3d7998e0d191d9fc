/// An id where it stands in a part of a file, in one row or in several below one another.
struct IDRun: Sendable {
  /// Bytes of the part before it.
  private let start: UInt32
  private let count: UInt32
  let hash: UInt64
  let firstRow: UInt32
  var rows: UInt32 = 1

  /// - Parameter first: where the part begins that the text is of.
  init(_ text: Bytes, from first: UnsafePointer<UInt8>, row: Int) {
    start = text.baseAddress.map { UInt32($0 - first) } ?? 0
    (count, firstRow) = (UInt32(text.count), UInt32(row))
    hash = Words.hash(text)
  }

  func text(from first: UnsafePointer<UInt8>) -> Bytes {
    Bytes(start: first + Int(start), count: Int(count))
  }
}

/// The ids of a column while they are read.
struct IDRunBuffer {
  private var runs: UnsafeMutablePointer<IDRun>
  private var capacity = 1 << 10
  private var count = 0

  init() { runs = .allocate(capacity: capacity) }

  func deallocate() { runs.deallocate() }

  var all: [IDRun] { Array(UnsafeBufferPointer(start: runs, count: count)) }

  @inline(__always)
  mutating func add(_ text: Bytes, from first: UnsafePointer<UInt8>, row: Int) {
    if count > 0, Words.equal(runs[count - 1].text(from: first), text) {
      runs[count - 1].rows += 1
      return
    }
    if count == capacity { grow() }
    (runs + count).initialize(to: IDRun(text, from: first, row: row))
    count += 1
  }

  private mutating func grow() {
    capacity *= 2
    let larger = UnsafeMutablePointer<IDRun>.allocate(capacity: capacity)
    larger.moveInitialize(from: runs, count: count)
    runs.deallocate()
    runs = larger
  }
}

/// The ids of a column of rows of a part, as numbers or as text.
struct IDColumn: Sendable {
  var numbers: [UInt32] = []
  /// Texts; those that have no index yet, once those that have one were found.
  var runs: [IDRun] = []
  /// One a row; -1 for an id that has none yet.
  private(set) var indices: [Int32] = []

  /// Finds the indices of those that have one.
  mutating func find(in ids: RawIDs, of part: Bytes) {
    guard let first = part.baseAddress, !runs.isEmpty else {
      indices = ids.knownIndices(of: numbers)
      return
    }
    let rows = runs.reduce(0) { $0 + Int($1.rows) }
    var new: [IDRun] = []
    indices = Array(unsafeUninitializedCapacity: rows) { indices, count in
      count = rows
      let cells = indices.baseAddress!
      ids.forEachIndex(of: runs, from: first) { run, index in
        (cells + Int(run.firstRow)).initialize(repeating: index, count: Int(run.rows))
        if index < 0 { new.append(run) }
      }
    }
    runs = new
  }
}
