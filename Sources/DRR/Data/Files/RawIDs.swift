import DRRCore

/// The ids of users or items as the files spell them, by dense index, and back.
///
/// One block of bytes, one end offset an id and an open-addressing table: about 20 bytes an id.
public struct RawIDs: Sendable, RandomAccessCollection {
  private var bytes: [UInt8] = []
  private var ends: [Int] = []
  private var slots = IDSlots(count: 64)
  /// Of ids that were interned as numbers, the index by the number, or -1. Up to 64 MiB.
  private var places: [Int32] = []

  /// No ids.
  public init() {}

  /// The ids `1`, `2`, ... `count`.
  public init(numbered count: Int) {
    for number in 1...Swift.max(count, 1) where number <= count {
      _ = intern(number.description)
    }
  }

  /// Ids that are all different, byte by byte: of two that only look alike, as an accented letter
  /// and a letter with its accent do, each is one of its own.
  package init(_ ids: some Sequence<String>) {
    for var id in ids { _ = id.withUTF8 { intern($0) } }
  }

  public var startIndex: Int { 0 }
  public var endIndex: Int { ends.count }

  public subscript(index: Int) -> String {
    String(decoding: bytes[start(index)..<ends[index]], as: UTF8.self)
  }

  private func start(_ index: Int) -> Int { index == 0 ? 0 : ends[index - 1] }

  /// What `body` makes of the bytes of an id.
  @inline(__always)
  private func withBytes<Result>(_ index: Int, _ body: (Bytes) -> Result) -> Result {
    bytes.withUnsafeBufferPointer { body(Bytes(rebasing: $0[start(index)..<ends[index]])) }
  }

  private func isSame(_ index: Int32, _ text: Bytes) -> Bool {
    withBytes(Int(index)) { Words.equal($0, text) }
  }

  // MARK: - One at a time

  /// The dense index of an id, nil where the data has no such id.
  public func lookup(_ id: String) -> Int? {
    var id = id
    return id.withUTF8 { lookup($0) }
  }

  package func lookup(_ text: UnsafeBufferPointer<UInt8>) -> Int? {
    let index = slots.find(Words.hash(text)) { isSame($0, text) }.index
    return index < 0 ? nil : Int(index)
  }

  /// The index of the id, given the next one where it is new.
  package mutating func intern(_ text: UnsafeBufferPointer<UInt8>) -> Int32 {
    intern(text, Words.hash(text))
  }

  package mutating func intern(_ text: String) -> Int32 {
    var text = text
    return text.withUTF8 { intern($0) }
  }

  private mutating func intern(_ text: Bytes, _ hash: UInt64) -> Int32 {
    let (known, place) = slots.find(hash) { isSame($0, text) }
    if known >= 0 { return known }
    let index = Int32(ends.count)
    bytes.append(contentsOf: text)
    ends.append(bytes.count)
    slots.fill(place, with: index, hash)
    if ends.count * 2 > slots.count { rehash(count: slots.count * 2) }
    return index
  }

  private mutating func rehash(count: Int) {
    slots = IDSlots(count: count)
    for index in ends.indices { slots.add(Int32(index), withBytes(index, Words.hash)) }
  }

  // MARK: - Many at a time

  /// The indices of numbers as plain digits spell them, -1 for those not met as such before.
  func knownIndices(of numbers: [UInt32]) -> [Int32] {
    places.withUnsafeBufferPointer { places in
      numbers.map { Int($0) < places.count ? places[Int($0)] : -1 }
    }
  }

  /// Calls `body` with each text of a part that begins at `first` and its index, -1 for one that is
  /// not there.
  ///
  /// Each step is done for many before the next one: while one waits for memory, others do.
  @inline(__always)
  func forEachIndex(
    of runs: [IDRun], from first: UnsafePointer<UInt8>, _ body: (IDRun, Int32) -> Void
  ) {
    let likely = runs.map { run in slots.find(run.hash) { _ in true }.index }
    for (run, index) in zip(runs, likely) {
      let text = run.text(from: first)
      let isKnown = index < 0 || isSame(index, text)
      body(run, isKnown ? index : slots.find(run.hash) { isSame($0, text) }.index)
    }
  }

  /// Appends the indices of a column, whose new ids are given theirs.
  mutating func intern(_ column: IDColumn, of part: Bytes, into indices: inout [Int32]) {
    let start = indices.count
    indices.append(contentsOf: column.indices)
    guard let first = part.baseAddress, column.numbers.isEmpty else {
      for (at, index) in column.indices.enumerated() where index < 0 {
        indices[start + at] = intern(column.numbers[at])
      }
      return
    }
    for run in column.runs {
      let index = intern(run.text(from: first), run.hash)
      let row = start + Int(run.firstRow)
      for row in row..<row + Int(run.rows) { indices[row] = index }
    }
  }

  private mutating func intern(_ number: UInt32) -> Int32 {
    let at = Int(number)
    return at < places.count && places[at] >= 0 ? places[at] : internNew(number)
  }

  /// The index of a number that was not met as a number before.
  private mutating func internNew(_ number: UInt32) -> Int32 {
    let (at, index) = (Int(number), intern("\(number)"))
    guard at < 1 << 24 else { return index }
    if at >= places.count {
      let size = Swift.max(at + 1, 2 * places.count, 1 << 10)
      places += Array(repeating: -1, count: size - places.count)
    }
    places[at] = index
    return index
  }

  // MARK: - Order

  /// The place of every id once sorted: whole numbers by value where all of them are, otherwise
  /// by bytes. So dense indices do not depend on the order of rows.
  package mutating func sort() -> [Int32] {
    let slotCount = slots.count
    (slots, self.places) = (IDSlots(count: 1), [])
    let order = order()
    var places = [Int32](repeating: 0, count: count)
    var sorted: [UInt8] = []
    sorted.reserveCapacity(bytes.count)
    var sortedEnds: [Int] = []
    sortedEnds.reserveCapacity(count)
    for (place, index) in order.enumerated() {
      places[Int(index)] = Int32(place)
      withBytes(Int(index)) { sorted.append(contentsOf: $0) }
      sortedEnds.append(sorted.count)
    }
    bytes = sorted
    ends = sortedEnds
    rehash(count: slotCount)
    return places
  }

  /// Indices in order of their ids.
  private func order() -> [Int32] {
    var keyed: [(key: UInt64, index: Int32)] = []
    keyed.reserveCapacity(count)
    for index in indices {
      guard let key = withBytes(index, Self.number) else { break }
      keyed.append((key, Int32(index)))
    }
    if keyed.count < count {
      // The first eight bytes behind what all of them begin with.
      let common = commonStart
      keyed = indices.map { index in
        (withBytes(index) { Self.start(of: $0, from: common) }, Int32(index))
      }
    }
    keyed.sort { first, second in
      first.key == second.key ? precedes(first.index, second.index) : first.key < second.key
    }
    return keyed.map(\.index)
  }

  private func precedes(_ first: Int32, _ second: Int32) -> Bool {
    withBytes(Int(first)) { first in
      withBytes(Int(second)) { second in first.lexicographicallyPrecedes(second) }
    }
  }

  /// How many bytes all ids begin with alike.
  private var commonStart: Int {
    var common = ends[0]
    for index in indices {
      withBytes(index) { text in
        common = Swift.min(common, text.count)
        for at in 0..<common where text[at] != bytes[at] {
          common = at
          break
        }
      }
    }
    return common
  }

  private static func number(_ text: Bytes) -> UInt64? {
    guard text.count <= 18 else { return nil }
    var value: UInt64 = 0
    for digit in text {
      guard digit >= 48, digit <= 57 else { return nil }
      value = value * 10 + UInt64(digit - 48)
    }
    return value
  }

  /// Eight bytes from some place on, those behind the end taken for 0, that are ordered as numbers.
  private static func start(of text: Bytes, from first: Int) -> UInt64 {
    (first..<first + 8).reduce(0) { $0 << 8 | ($1 < text.count ? UInt64(text[$1]) : 0) }
  }
}
