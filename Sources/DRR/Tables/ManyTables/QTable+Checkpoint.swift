import Tensor

extension QTable {
  /// The rows of one of `parts` parts in ascending order of key, their cells in ascending order of
  /// action: equal tables give equal bytes, however they were filled. Parts keep the copy small.
  package func add(
    to file: inout SafetensorsWriter, _ prefix: String, part: Int, of parts: Int
  ) throws(CheckpointError) {
    var keys: [UInt64] = []
    forEachKey { key, _ in if KeyHash.part(of: key, count: parts) == part { keys.append(key) } }
    keys.sort()
    var (offsets, cells): ([UInt64], [Cell]) = ([0], [])
    var row: [Cell] = []
    for key in keys {
      row.removeAll(keepingCapacity: true)
      forEachCell(of: key) { row.append($0) }
      row.sort { $0.action < $1.action }
      cells += row
      offsets.append(UInt64(cells.count))
    }
    try file.add("\(prefix).keys", keys)
    try file.add("\(prefix).row_offsets", offsets)
    try file.add("\(prefix).actions", cells.map(\.action))
    try file.add("\(prefix).q", cells.map(\.value))
    try file.add("\(prefix).n", cells.map(\.visits))
  }

  /// Puts the rows that are wanted in place.
  ///
  /// - Parameters:
  ///   - keys: those that a table may have.
  ///   - itemCount: of the actions.
  /// - Throws: `CheckpointError` where the arrays do not belong together.
  package func read(
    from file: SafetensorsFile, _ prefix: String, keys expected: Expected<UInt64>, itemCount: Int,
    where isWanted: (UInt64) -> Bool
  ) throws(CheckpointError) {
    let keys = try file.values("\(prefix).keys", expected)
    let actions = try file.values("\(prefix).actions", Expected<UInt32>.below(itemCount))
    let offsets = try file.values(
      "\(prefix).row_offsets", Expected<UInt64>.in(0...UInt64(actions.count)),
      shape: [keys.count + 1])
    let values = try file.floats("\(prefix).q", shape: [actions.count])
    let visits = try file.values(
      "\(prefix).n", Expected<UInt32>.in(1...(.max)), shape: [actions.count])
    try file.require(
      zip(keys, keys.dropFirst()).allSatisfy { $0 < $1 }, "\(prefix).keys", "is out of order",
      "keys in ascending order")
    try file.require(
      offsets[0] == 0 && offsets[keys.count] == UInt64(actions.count)
        && zip(offsets, offsets.dropFirst()).allSatisfy { $0 < $1 }, "\(prefix).row_offsets",
      "does not rise from 0 to \(actions.count)", "a row of one cell or more a key")
    for (row, key) in keys.enumerated() where isWanted(key) {
      for at in Int(offsets[row])..<Int(offsets[row + 1]) {
        set(key, Cell(action: actions[at], value: values[at], visits: visits[at]))
      }
    }
  }

  /// A number of what the table holds that neither places nor shards change: those of the parts of
  /// a table add up to its own.
  public var checksum: UInt64 {
    var sum: UInt64 = 0
    forEachKey { key, _ in
      let row = KeyHash.mix(key)
      forEachCell(of: key) { cell in
        let first = KeyHash.mix(row &+ UInt64(cell.action))
        sum &+= KeyHash.mix(
          first ^ (UInt64(cell.value.bitPattern) << 32 | UInt64(cell.visits)))
      }
    }
    return sum
  }
}

extension KeyHash {
  /// Independent of the shard.
  static func part(of key: UInt64, count: Int) -> Int {
    Int(truncatingIfNeeded: ((mix(key) >> 32) &* UInt64(count)) >> 32)
  }
}

extension SubStateKey {
  /// Keys of so many tables over so many items, each of which one sub-state has.
  package func keys(tables: Int, items: Int) -> Expected<UInt64> {
    Expected("the key of one of \(tables) tables and of items below \(items)") { [self] key in
      let found = self.items(key)
      return Self.table(key) < tables && !found.isEmpty && found.allSatisfy { $0 < items }
        && zip(found, found.dropFirst()).allSatisfy { $0 < $1 }
        && key
          == found.withUnsafeBufferPointer { self.key(table: UInt8(key >> 56), items: $0) }
    }
  }
}
