import DRRData

extension RatingsLog {
  /// The same users, items and order with only the rows for which `keep` is true.
  package func keepingRows(where keep: (Int) -> Bool) -> RatingsLog {
    var part = self
    part.users = []
    part.items = []
    part.ratings = []
    part.times = []
    for user in 0..<userCount {
      for row in rows(ofUser: user) where keep(row) {
        part.users.append(users[row])
        part.items.append(items[row])
        part.ratings.append(ratings[row])
        part.times.append(times[row])
      }
      part.userOffsets[user + 1] = part.ratings.count
    }
    return part
  }
}
