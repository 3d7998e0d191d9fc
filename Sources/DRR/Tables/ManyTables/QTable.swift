import Tensor

/// Action values of states that were met, a sparse row a state: of each action taken there its Q
/// and how often it was visited.
///
/// Rows lie in one open-addressing table, their cells in a block each: up to eight in a line, more
/// by open addressing, 12 bytes a cell. A row knows its largest Q and the action that has it, the
/// smaller of equal ones; where the largest falls they are found again when asked for. Nothing of
/// this depends on the order in which rows and cells came, but for their places in memory.
public final class QTable {
  public struct Cell: BitwiseCopyable, Equatable, Sendable {
    public var action: UInt32
    public var value: Float
    public var visits: UInt32

    public init(action: UInt32, value: Float, visits: UInt32) {
      self.action = action
      self.value = value
      self.visits = visits
    }
  }

  /// The best action of a row.
  public struct Best: BitwiseCopyable, Equatable, Sendable {
    public var value: Float
    public var action: UInt32

    public init(value: Float, action: UInt32) {
      self.value = value
      self.action = action
    }
  }

  static let noAction = UInt32.max

  private struct Row {
    /// 0 where the slot is free.
    var key: UInt64 = 0
    var cells: UnsafeMutablePointer<Cell>?
    var count: UInt32 = 0
    var capacity: UInt32 = 0
    /// The action is `noAction` where it has to be found again.
    var best = Best(value: 0, action: noAction)
  }

  private var slots: UnsafeMutablePointer<Row>
  private var slotCount: Int
  /// Keys that lead to the same slots are spread by the high bits of a product.
  private var shift: UInt64

  public private(set) var rowCount = 0
  public private(set) var cellCount = 0
  /// Places for cells in all blocks, taken or not.
  private var cellCapacity = 0

  public init() {
    slotCount = 64
    shift = 64 - 6
    slots = .allocate(capacity: slotCount)
    slots.initialize(repeating: Row(), count: slotCount)
  }

  deinit {
    for slot in 0..<slotCount { slots[slot].cells?.deallocate() }
    slots.deallocate()
  }

  /// Bytes of the table: slots of rows and blocks of cells.
  public var bytes: Int {
    slotCount * MemoryLayout<Row>.stride + cellCapacity * MemoryLayout<Cell>.stride
  }

  /// Bytes that so many more rows, of a cell each, take beside the table: its slots are copied into
  /// more where they are too few.
  package func growth(rows: Int) -> Int {
    var slots = slotCount
    while (rowCount + rows) * 4 > slots * 3 { slots *= 2 }
    // No block of the allocator is smaller.
    return (slots == slotCount ? 0 : slots * MemoryLayout<Row>.stride) + 32 * rows
  }

  // MARK: Reading

  /// The largest Q of a state's row and the action that has it; nil where the state was never met.
  @inline(__always)
  public func best(_ key: UInt64) -> Best? {
    let row = slot(of: key)
    return row.pointee.key == 0 ? nil : best(of: row)
  }

  @inline(__always)
  private func best(of row: UnsafeMutablePointer<Row>) -> Best {
    if row.pointee.best.action == Self.noAction { findBest(of: row) }
    return row.pointee.best
  }

  public func contains(_ key: UInt64) -> Bool { slot(of: key).pointee.key != 0 }

  public func cell(_ key: UInt64, _ action: UInt32) -> Cell? {
    let row = slot(of: key)
    guard row.pointee.key != 0 else { return nil }
    let place = Self.place(of: action, in: row)
    guard place < row.pointee.capacity else { return nil }
    let cell = row.pointee.cells![place]
    return cell.visits > 0 && cell.action == action ? cell : nil
  }

  /// Calls `body` with each cell of a state's row, in no order that means anything.
  ///
  /// - Returns: false where the state was never met.
  @discardableResult
  public func forEachCell(of key: UInt64, _ body: (Cell) -> Void) -> Bool {
    let row = slot(of: key)
    guard row.pointee.key != 0 else { return false }
    Self.forEachCell(of: row, body)
    return true
  }

  @inline(__always)
  private static func forEachCell(
    of row: UnsafeMutablePointer<Row>, _ body: (Cell) -> Void
  ) {
    for place in 0..<Int(isLine(row) ? row.pointee.count : row.pointee.capacity)
    where row.pointee.cells![place].visits > 0 { body(row.pointee.cells![place]) }
  }

  public func forEachKey(_ body: (_ key: UInt64, _ cellCount: Int) -> Void) {
    for slot in 0..<slotCount where slots[slot].key != 0 {
      body(slots[slot].key, Int(slots[slot].count))
    }
  }

  /// Whether every value is a number.
  var isFinite: Bool {
    (0..<slotCount).allSatisfy { slot in
      var holds = true
      if slots[slot].key != 0 {
        Self.forEachCell(of: slots + slot) { holds = holds && $0.value.isFinite }
      }
      return holds
    }
  }

  // MARK: Learning

  /// One visit of (state, action): counts it and moves Q by `rate` of the way to `target`. A new
  /// cell starts from `start`.
  @inline(__always)
  public func learn(
    _ key: UInt64, _ action: UInt32, target: Float, start: Float, rate: (UInt32) -> Float
  ) {
    let row = row(for: key)
    let cell = cell(for: action, in: row, start: start)
    cell.pointee.visits &+= 1
    cell.pointee.value += rate(cell.pointee.visits) * (target - cell.pointee.value)
    note(cell.pointee, in: row)
  }

  /// Puts a cell in place, over one of the same action.
  public func set(_ key: UInt64, _ cell: Cell) {
    require(cell.visits > 0 && key != 0, "a cell of no visit, or of the key 0")
    let row = row(for: key)
    self.cell(for: cell.action, in: row, start: 0).pointee = cell
    note(cell, in: row)
  }

  /// Keeps the row's best right after the cell changed.
  @inline(__always)
  private func note(_ cell: Cell, in row: UnsafeMutablePointer<Row>) {
    let best = row.pointee.best
    if row.pointee.count == 1 {
      row.pointee.best = Best(value: cell.value, action: cell.action)
    } else if best.action == Self.noAction {
      return
    } else if cell.value > best.value || (cell.value == best.value && cell.action <= best.action) {
      row.pointee.best = Best(value: cell.value, action: cell.action)
    } else if cell.action == best.action {
      row.pointee.best.action = Self.noAction
    }
  }

  private func findBest(of row: UnsafeMutablePointer<Row>) {
    var best = Best(value: -.infinity, action: Self.noAction)
    Self.forEachCell(of: row) { cell in
      if cell.value > best.value || (cell.value == best.value && cell.action < best.action) {
        best = Best(value: cell.value, action: cell.action)
      }
    }
    row.pointee.best = best
  }

  // MARK: Rows

  /// The slot of a key, or the free one where it belongs.
  @inline(__always)
  private func slot(of key: UInt64) -> UnsafeMutablePointer<Row> {
    var place = Int((KeyHash.mix(key) >> shift))
    while true {
      let row = slots + place
      if row.pointee.key == key || row.pointee.key == 0 { return row }
      place = (place + 1) & (slotCount - 1)
    }
  }

  @inline(__always)
  private func row(for key: UInt64) -> UnsafeMutablePointer<Row> {
    let row = slot(of: key)
    return row.pointee.key == key ? row : insert(key)
  }

  private func insert(_ key: UInt64) -> UnsafeMutablePointer<Row> {
    if (rowCount + 1) * 4 > slotCount * 3 { growSlots() }
    let row = slot(of: key)
    row.pointee.key = key
    rowCount += 1
    return row
  }

  private func growSlots() {
    let (old, oldCount) = (slots, slotCount)
    slotCount *= 2
    shift -= 1
    slots = .allocate(capacity: slotCount)
    slots.initialize(repeating: Row(), count: slotCount)
    for place in 0..<oldCount where old[place].key != 0 {
      slot(of: old[place].key).pointee = old[place]
    }
    old.deallocate()
  }

  // MARK: Cells

  /// Rows of up to so many cells keep them in a line.
  private static let line: UInt32 = 8

  @inline(__always)
  private static func isLine(_ row: UnsafeMutablePointer<Row>) -> Bool {
    row.pointee.capacity <= line
  }

  /// Where the action is, or the free place where it belongs; `capacity` where a line is full.
  @inline(__always)
  private static func place(of action: UInt32, in row: UnsafeMutablePointer<Row>) -> Int {
    let cells = row.pointee.cells!
    if isLine(row) {
      let count = Int(row.pointee.count)
      for place in 0..<count where cells[place].action == action { return place }
      return count
    }
    let capacity = Int(row.pointee.capacity)
    var place = Int((UInt64(action &* 0x9E37_79B1) &* UInt64(capacity)) >> 32)
    while cells[place].visits > 0 && cells[place].action != action {
      place += 1
      if place == capacity { place = 0 }
    }
    return place
  }

  @inline(__always)
  private func cell(
    for action: UInt32, in row: UnsafeMutablePointer<Row>, start: Float
  ) -> UnsafeMutablePointer<Cell> {
    if row.pointee.capacity > 0 {
      let place = Self.place(of: action, in: row)
      if place < row.pointee.capacity, row.pointee.cells![place].visits > 0,
        row.pointee.cells![place].action == action
      {
        return row.pointee.cells! + place
      }
    }
    return insert(action, in: row, start: start)
  }

  private func insert(
    _ action: UInt32, in row: UnsafeMutablePointer<Row>, start: Float
  ) -> UnsafeMutablePointer<Cell> {
    let (count, capacity) = (row.pointee.count, row.pointee.capacity)
    if capacity <= Self.line ? count == capacity : count * 8 >= capacity * 7 { growCells(of: row) }
    let place = Self.place(of: action, in: row)
    let cell = row.pointee.cells! + place
    cell.pointee = Cell(action: action, value: start, visits: 0)
    row.pointee.count += 1
    cellCount += 1
    return cell
  }

  private func growCells(of row: UnsafeMutablePointer<Row>) {
    let old = row.pointee
    // 1, 2, 4, 8, 12, then a third more each time.
    let capacity =
      old.capacity < Self.line ? max(1, 2 * old.capacity) : old.capacity + max(4, old.capacity / 3)
    let cells = UnsafeMutablePointer<Cell>.allocate(capacity: Int(capacity))
    cells.initialize(
      repeating: Cell(action: 0, value: 0, visits: 0), count: Int(capacity))
    row.pointee.cells = cells
    row.pointee.capacity = capacity
    row.pointee.count = 0
    cellCapacity += Int(capacity) - Int(old.capacity)
    guard let previous = old.cells else { return }
    for place in 0..<Int(old.capacity) where previous[place].visits > 0 {
      cells[Self.place(of: previous[place].action, in: row)] = previous[place]
      row.pointee.count += 1
    }
    previous.deallocate()
  }
}

/// Spreads keys whose bits are few and alike.
enum KeyHash {
  /// The finalizer of SplitMix64 (Steele, Lea & Flood 2014).
  @inline(__always)
  static func mix(_ key: UInt64) -> UInt64 {
    var bits = key
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
  }

  /// Which of `count` shards owns a key.
  @inline(__always)
  static func shard(of key: UInt64, count: Int) -> Int {
    Int(truncatingIfNeeded: ((mix(key) & 0xFFFF_FFFF) &* UInt64(count)) >> 32)
  }
}
