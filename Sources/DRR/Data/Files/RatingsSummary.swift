/// What a log holds, in numbers.
public struct RatingsSummary: Codable, Equatable, Sendable {
  /// A bar of the histogram.
  public struct Bin: Codable, Equatable, Sendable {
    /// The rating, or the lower edge of the bin where there are more than 64 different ones.
    public var rating: Double
    /// The ratings in it.
    public var count: Int
  }

  /// How many ratings each user, or each item with any, has.
  public struct Quantiles: Codable, Equatable, Sendable {
    /// The mean.
    public var mean: Double
    /// The minimum.
    public var least: Int
    /// The first quartile.
    public var quarter: Int
    /// The median.
    public var median: Int
    /// The third quartile.
    public var threeQuarters: Int
    /// The maximum.
    public var most: Int
  }

  /// A genre in numbers.
  public struct Genre: Codable, Equatable, Sendable {
    /// The genre's name.
    public var name: String
    /// Items of that genre.
    public var items: Int
    /// Ratings of those items.
    public var ratings: Int
  }

  /// What people call the data.
  public var name: String
  /// What was read, such as `MovieLens 100K`.
  public var format: String
  /// CRC-32 of the ratings file, 8 hexadecimal digits.
  public var checksum: String
  /// The number of ratings.
  public var ratings: Int
  /// The number of users.
  public var users: Int
  /// Items with ratings, and those the data list.
  public var items: Int
  /// Items that the data list, rated or not.
  public var listedItems: Int
  /// Rows left out because a later one rates the same item for the same user.
  public var duplicates: Int
  /// The share of user-item pairs with a rating.
  public var density: Double
  /// The lower end of the scale.
  public var lowestPossible: Double
  /// The upper end of the scale.
  public var highestPossible: Double
  /// The mean rating.
  public var mean: Double
  /// Ratings by value, ascending.
  public var histogram: [Bin]
  /// The reward of a rating, above 0 where it is liked.
  public var reward: String
  /// A rating above this is liked; nil: one above the user's own mean.
  public var positiveAbove: Double?
  /// The fraction of ratings that are liked, 0 ... 1.
  public var positiveShare: Double
  /// Ratings of a user.
  public var perUser: Quantiles
  /// Ratings of an item.
  public var perItem: Quantiles
  /// Seconds since 1970; nil where the data have no times.
  public var firstTime: Int64?
  /// The latest time, likewise.
  public var lastTime: Int64?
  /// The share of a user's neighbouring ratings with equal times: their order is the file's.
  public var tiedShare: Double?
  /// The genres; empty where the data name none.
  public var genres: [Genre]
  /// What reading did that the ratings do not show.
  public var notes: [String]
}

extension RatingsLog {
  /// Counts, histogram, quantiles and genres, in one pass over the ratings.
  ///
  /// - Parameter scale: what is liked; nil: what is by default.
  public func describe(scale: RewardScale? = nil) -> RatingsSummary {
    var perItem = [Int](repeating: 0, count: itemCount)
    for item in items { perItem[Int(item)] += 1 }
    let perUser = (0..<userCount).map { rows(ofUser: $0).count }
    let mean = ratings.reduce(0) { $0 + Double($1) } / Double(max(count, 1))
    let scale = scale ?? RewardScale(ratingRange: ratingRange)
    let positive = counted(UserSplit(everything: self), on: scale).ratings
      .count { scale.reward($0) > 0 }
    let pairs = Double(userCount) * Double(itemCount)
    return RatingsSummary(
      name: name, format: format, checksum: checksum, ratings: count, users: userCount,
      items: itemCount, listedItems: listedItemCount, duplicates: duplicateCount,
      density: pairs > 0 ? Double(count) / pairs : 0,
      lowestPossible: Double(ratingRange.lowerBound),
      highestPossible: Double(ratingRange.upperBound), mean: mean, histogram: histogram(),
      reward: scale.description,
      positiveAbove: scale.fromUserMean == true ? nil : Double(scale.center),
      positiveShare: Double(positive) / Double(max(count, 1)),
      perUser: Self.quantiles(perUser), perItem: Self.quantiles(perItem.filter { $0 > 0 }),
      firstTime: hasTimes ? times.min() : nil, lastTime: hasTimes ? times.max() : nil,
      tiedShare: hasTimes ? tiedShare() : nil, genres: genreCounts(perItem),
      notes: notes)
  }

  private func tiedShare() -> Double {
    var neighbours = 0
    var tied = 0
    for user in 0..<userCount {
      for row in rows(ofUser: user).dropFirst() {
        neighbours += 1
        if times[row] == times[row - 1] { tied += 1 }
      }
    }
    return neighbours > 0 ? Double(tied) / Double(neighbours) : 0
  }

  private func histogram() -> [RatingsSummary.Bin] {
    var counts: [Float: Int] = [:]
    for rating in ratings {
      counts[rating, default: 0] += 1
      if counts.count > 64 { return binned() }
    }
    return counts.sorted { $0.key < $1.key }.map { .init(rating: Double($0.key), count: $0.value) }
  }

  private func binned() -> [RatingsSummary.Bin] {
    let low = Double(ratingRange.lowerBound)
    let width = (Double(ratingRange.upperBound) - low) / 20
    var bins = (0..<20).map { RatingsSummary.Bin(rating: low + Double($0) * width, count: 0) }
    for rating in ratings {
      bins[min(19, max(0, Int((Double(rating) - low) / width)))].count += 1
    }
    return bins
  }

  private static func quantiles(_ counts: [Int]) -> RatingsSummary.Quantiles {
    let sorted = counts.sorted()
    guard let least = sorted.first, let most = sorted.last else {
      return .init(mean: 0, least: 0, quarter: 0, median: 0, threeQuarters: 0, most: 0)
    }
    func at(_ share: Double) -> Int { sorted[Int(share * Double(sorted.count - 1))] }
    return .init(
      mean: Double(sorted.reduce(0, +)) / Double(sorted.count), least: least, quarter: at(0.25),
      median: at(0.5), threeQuarters: at(0.75), most: most)
  }

  private func genreCounts(_ perItem: [Int]) -> [RatingsSummary.Genre] {
    var summary = genres.names.map { RatingsSummary.Genre(name: $0, items: 0, ratings: 0) }
    guard !genres.isEmpty else { return summary }
    for item in 0..<itemCount {
      for genre in genres.ofItem(item) {
        summary[Int(genre)].items += 1
        summary[Int(genre)].ratings += perItem[item]
      }
    }
    return summary
  }
}
