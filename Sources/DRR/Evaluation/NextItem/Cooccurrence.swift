import DRRCore
import DRRData

/// Item-based nearest neighbours by what users have in common (Deshpande & Karypis 2004): an item's
/// score is the sum of its cosines with the items of the history, of each of which the nearest
/// count.
///
/// The cosine of two items is the number of users who rated both over the root of the product of
/// the numbers who rated each. A session of clicks is a user, an item that comes again counts once.
public struct Cooccurrence: NextItemHostScorer {
  public let name = "item-kNN"
  /// Nearest items of item i: entries `offsets[i] ..< offsets[i + 1]`.
  let offsets: [Int]
  let neighbours: [Neighbour]

  struct Neighbour: Sendable {
    var item: Int32
    var cosine: Float
  }

  /// - Parameter count: neighbours of an item at most, and all that are as near as the last of
  ///   them.
  public init(_ log: RatingsLog, _ split: UserSplit, neighbours count: Int = 200) {
    let rows = split.visibleRows(in: log)
    var raters = [[Int32]](repeating: [], count: log.itemCount)
    var rated = [[Int32]](repeating: [], count: log.userCount)
    for row in rows {
      let (user, item) = (log.users[Int(row)], log.items[Int(row)])
      raters[Int(item)].append(user)
      rated[Int(user)].append(item)
    }
    if log.isOfSessions {
      rated = rated.map { Array(Set($0)).sorted() }
      raters = [[Int32]](repeating: [], count: log.itemCount)
      for (user, items) in rated.enumerated() {
        for item in items { raters[Int(item)].append(Int32(user)) }
      }
    }
    let parts = 16
    let (byItem, byUser) = (raters, rated)
    let found = concurrentMap(parts) { part in
      var common = [Int32](repeating: 0, count: byItem.count)
      return stride(from: part, to: byItem.count, by: parts).map { item -> [Neighbour] in
        var touched: [Int32] = []
        for user in byItem[item] {
          for other in byUser[Int(user)] {
            if common[Int(other)] == 0 { touched.append(other) }
            common[Int(other)] += 1
          }
        }
        var near: [Neighbour] = []
        for other in touched {
          if Int(other) != item {
            let product = Float(byItem[item].count) * Float(byItem[Int(other)].count)
            near.append(
              Neighbour(item: other, cosine: Float(common[Int(other)]) / product.squareRoot()))
          }
          common[Int(other)] = 0
        }
        near.sort { $0.cosine > $1.cosine }
        guard near.count > count else { return near }
        let last = near[count - 1].cosine
        return Array(near.prefix { $0.cosine >= last })
      }
    }
    var (offsets, neighbours) = ([0], [Neighbour]())
    for item in 0..<byItem.count {
      neighbours += found[item % parts][item / parts]
      offsets.append(neighbours.count)
    }
    (self.offsets, self.neighbours) = (offsets, neighbours)
  }

  public func scores(_ query: NextItemQuery) -> [Float] {
    var scores = [Float](repeating: 0, count: offsets.count - 1)
    for item in query.items {
      for near in neighbours[offsets[Int(item)]..<offsets[Int(item) + 1]] {
        scores[Int(near.item)] += near.cosine
      }
    }
    return scores
  }
}
