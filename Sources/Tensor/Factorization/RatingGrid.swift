/// Ratings on a device, cut into a grid of blocks that a factorisation takes in rounds.
public struct RatingGrid {
  /// The ratings, block by block.
  public let blocks: RatingBlocks
  /// Blocks a row, as many as a column has.
  public var side: Int { blocks.side }
  /// The number of users.
  public let userCount: Int
  /// The number of items.
  public let itemCount: Int

  /// Uploads the ratings once. The order within a user's ratings is the order they are given in;
  /// a user rates an item once.
  /// - Parameter side: nil: 8 on a CPU, 64 on a GPU, at most the number of users and of items.
  ///   Longer runs of a user are faster, and a round keeps `side` processors busy.
  public init(
    users: [Int32], items: [Int32], values: [Float], userCount: Int, itemCount: Int,
    side: Int? = nil, on backend: any Backend
  ) {
    require(
      users.count == items.count && users.count == values.count,
      "ratings: \(users.count) users, \(items.count) items, \(values.count) values")
    require(
      users.allSatisfy { (0..<Int32(userCount)).contains($0) }
        && items.allSatisfy { (0..<Int32(itemCount)).contains($0) },
      "ratings: a user or item that is not below \(userCount) and \(itemCount)")
    let wanted = side ?? (backend.device.kind == .gpu ? 64 : 8)
    let side = max(1, min(wanted, userCount, itemCount, RatingBlocks.sideLimit))
    let rows = Self.dealt(users, userCount, into: side)
    let columns = Self.dealt(items, itemCount, into: side)
    func block(_ rating: Int) -> Int {
      Int(rows[Int(users[rating])]) * side + Int(columns[Int(items[rating])])
    }
    let byUser = Self.sorted(Array(0..<Int32(users.count)), keys: userCount) { Int(users[$0]) }
    let order = Self.sorted(byUser, keys: side * side, by: block)

    var (runUsers, starts) = ([Int32](), [Int32]())
    var blockStarts = [Int32](repeating: 0, count: side * side + 1)
    var last = (block: -1, user: Int32(-1))
    for (place, rating) in order.enumerated()
    where last != (block(Int(rating)), users[Int(rating)]) {
      last = (block(Int(rating)), users[Int(rating)])
      runUsers.append(last.user)
      starts.append(Int32(place))
      blockStarts[last.block + 1] += 1
    }
    starts.append(Int32(order.count))
    for i in 1..<blockStarts.count { blockStarts[i] += blockStarts[i - 1] }

    func indices(_ values: [Int32]) -> Indices {
      IndexTensor(values, shape: [values.count], on: backend).view
    }
    blocks = RatingBlocks(
      users: indices(runUsers), starts: indices(starts),
      items: indices(order.map { items[Int($0)] }),
      values: Tensor(order.map { values[Int($0)] }, shape: [order.count], on: backend).view,
      blocks: indices(blockStarts), side: side)
    self.userCount = userCount
    self.itemCount = itemCount
  }

  /// The part of each user (or item): those with the most ratings first, dealt to and fro, so that
  /// the parts have nearly as many ratings each.
  private static func dealt(_ names: [Int32], _ count: Int, into side: Int) -> [Int32] {
    var ratings = [Int](repeating: 0, count: count)
    for name in names { ratings[Int(name)] += 1 }
    let order = (0..<count).sorted { (ratings[$1], $0) < (ratings[$0], $1) }
    var parts = [Int32](repeating: 0, count: count)
    for (turn, name) in order.enumerated() {
      let (lap, place) = turn.quotientAndRemainder(dividingBy: side)
      parts[name] = Int32(lap % 2 == 0 ? place : side - 1 - place)
    }
    return parts
  }

  /// A stable sort by keys 0 ..< `keys`, by counting.
  private static func sorted(_ values: [Int32], keys: Int, by key: (Int) -> Int) -> [Int32] {
    var next = [Int](repeating: 0, count: keys + 1)
    for value in values { next[key(Int(value)) + 1] += 1 }
    for i in 1...keys { next[i] += next[i - 1] }
    var sorted = values
    for value in values {
      let key = key(Int(value))
      sorted[next[key]] = value
      next[key] += 1
    }
    return sorted
  }
}
