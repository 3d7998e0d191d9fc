import DRRData
import Tensor

extension RatingsLog {
  /// By row, whether an earlier fit has not learned from this user's rating of this item, by their
  /// ids.
  ///
  /// - Parameters:
  ///   - rows: what it learned from.
  ///   - old: the data that those are rows of.
  func isUnseen(by rows: [Int32], of old: RatingsLog) -> [Bool] {
    let places = (
      users: old.userIDs.map { userIndex($0) }, items: old.itemIDs.map { itemIndex($0) }
    )
    var learned: Set<Int> = []
    for row in rows {
      if let user = places.users[Int(old.users[Int(row)])],
        let item = places.items[Int(old.items[Int(row)])]
      {
        learned.insert(user * itemCount + item)
      }
    }
    return (0..<count).map {
      !learned.contains(Int(users[$0]) * itemCount + Int(items[$0]))
    }
  }
}

extension SafetensorsWriter {
  mutating func add(_ name: String, flags: [Bool]) throws {
    try add(name, flags.map { $0 ? UInt8(1) : 0 })
  }
}

extension SafetensorsFile {
  func flags(_ name: String, count: Int) throws -> [Bool] {
    try values(name, Expected<UInt8>.flag, shape: [count]).map { $0 != 0 }
  }
}
