import DRRCore

/// The people and items behind ``GeneratedRatings``.
///
/// Additions, multiplications, divisions and square roots only: they round the same everywhere.
struct GeneratedWorld {
  struct Event {
    var item: Int32
    var stars: Int8
    var time: Int64
  }

  static let genreNames = [
    "Action", "Adventure", "Animation", "Children", "Comedy", "Crime", "Documentary", "Drama",
    "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller",
    "War", "Western",
  ]

  /// Standard deviations of the parts of an opinion.
  enum Weight {
    static let quality: Float = 0.58
    static let strictness: Float = 0.36
    static let taste: Float = 0.74
    static let drift: Float = 0.25
    /// For a full run of five.
    static let run: Float = 0.30
    static let chance: Float = 0.64
  }

  let size: GeneratedRatings.Size
  let seed: UInt64
  private var itemTastes: [SIMD8<Float>] = []
  private var qualities: [Float] = []
  private var itemGenres: [[UInt8]] = []
  private var years: [Int] = []
  private var popular: AliasTable
  private var counts: [Int]
  /// An opinion up to `cuts[k]` gives k + 1 stars.
  private var cuts: [Float] = [-1.6, -0.95, -0.15, 0.8]
  /// The turn in which the item was last picked, to pick without repeats.
  private var taken: [Int32]
  private var turn: Int32 = 0

  private enum Stream {
    static let items: UInt64 = 1 << 40
    static let counts: UInt64 = 2 << 40
  }

  init(size: GeneratedRatings.Size, seed: UInt64) {
    self.size = size
    self.seed = seed
    let items = size.itemCount
    var random = UniformSource(seed: seed, stream: Stream.items)
    let genreTastes = Self.genreNames.map { _ in random.vector() }
    let ranks = random.permutation(items)
    // How steeply popularity falls, fitted to the shares of the most rated items of each set.
    let head: Double = size == .large ? 0.015 : 0.07
    var weights = [Double](repeating: 0, count: items)
    for item in 0..<items {
      let place = (Double(ranks[item]) + 0.5) / Double(items)
      weights[item] = (1.03 - place) / ((place + head) * (place + head))
      let genres = random.genres(of: Self.genreNames.count)
      itemGenres.append(genres)
      var shared = SIMD8<Float>(repeating: 0)
      for genre in genres { shared += genreTastes[Int(genre)] }
      shared /= Float(genres.count).squareRoot()
      itemTastes.append((shared * 0.75 + random.vector() * 0.66) / Float(8).squareRoot())
      // Popular items are better on the whole.
      qualities.append(Float(0.5 - place) * 3.46 * 0.55 + random.normal() * 0.83)
      let age = random.uniform()
      years.append(2000 - Int(70 * age * age))
    }
    popular = AliasTable(weights)
    taken = [Int32](repeating: -1, count: items)
    counts = Self.activity(size, seed)
    calibrate()
  }

  func title(ofItem item: Int) -> String {
    "\(GeneratedTitle.name(item)) (\(years[item]))"
  }

  func genreNames(ofItem item: Int) -> [String] {
    itemGenres[item].map { Self.genreNames[Int($0)] }
  }

  /// How many ratings each user has: at least 20, a long tail, at most half of the items
  /// less two, and exactly the set's number in all.
  private static func activity(_ size: GeneratedRatings.Size, _ seed: UInt64) -> [Int] {
    var random = UniformSource(seed: seed, stream: Stream.counts)
    let least = 20
    let most = max(least + 1, size.itemCount / 2 - 2)
    let odds = (0..<size.userCount).map { _ in
      let share = random.uniform()
      return share / (1.08 - share)
    }
    func count(_ odds: Double, _ scale: Double) -> Int {
      min(most, least + Int(min(scale * odds, 1e9)))
    }
    var low = 0.0
    var high = 1e6
    for _ in 0..<60 {
      let middle = (low + high) / 2
      let total = odds.reduce(0) { $0 + count($1, middle) }
      if total > size.ratingCount { high = middle } else { low = middle }
    }
    var counts = odds.map { count($0, low) }
    var left = size.ratingCount - counts.reduce(0, +)
    var user = 0
    while left > 0 {
      if counts[user] < most {
        counts[user] += 1
        left -= 1
      }
      user = (user + 1) % counts.count
    }
    return counts
  }

  /// Sets the cuts between stars so that they fall as in MovieLens 100K. The runs depend on the
  /// stars and the stars on the runs, so a few rounds over the first users settle both.
  private mutating func calibrate() {
    let users = min(size.userCount, 1_000)
    for _ in 0..<5 {
      var opinions: [Float] = []
      for user in 0..<users { _ = events(ofUser: user, opinions: &opinions) }
      opinions.sort()
      for (index, share) in [0.0611, 0.1748, 0.4462, 0.7880].enumerated() {
        cuts[index] = opinions[Int(share * Double(opinions.count))]
      }
    }
  }

  mutating func events(ofUser user: Int) -> [Event] {
    var opinions: [Float] = []
    return events(ofUser: user, opinions: &opinions)
  }

  private mutating func events(ofUser user: Int, opinions: inout [Float]) -> [Event] {
    var random = UniformSource(seed: seed, stream: UInt64(user))
    let taste = random.vector()
    let change = random.vector()
    let strictness = random.normal() * Weight.strictness
    let items = pick(user: user, taste: taste, random: &random)
    var time = Int64(random.uniform() * 94_608_000)
    var run = 0
    var events: [Event] = []
    events.reserveCapacity(items.count)
    for item in items {
      let age = Float(time) / 94_608_000 - 0.5
      let drifting = taste * Weight.taste + change * (age * 2 * Weight.drift)
      let liking = (drifting * itemTastes[Int(item)]).sum()
      let opinion =
        qualities[Int(item)] * Weight.quality + strictness + liking
        + Float(max(-5, min(5, run))) * (Weight.run / 5) + random.normal() * Weight.chance
      opinions.append(opinion)
      var stars: Int8 = 1
      for cut in cuts where opinion > cut { stars += 1 }
      run = stars > 3 ? max(run, 0) + 1 : min(run, 0) - 1
      events.append(Event(item: item, stars: stars, time: time + 1_000_000_000))
      time += random.pause()
    }
    return events
  }

  /// Distinct items by popularity, taken or passed over by how well they suit; and so that every
  /// item is rated by some user, the user's share of the whole list.
  private mutating func pick(
    user: Int, taste: SIMD8<Float>, random: inout UniformSource
  ) -> [Int32] {
    let wanted = counts[user]
    var picked: [Int32] = []
    picked.reserveCapacity(wanted)
    turn += 1
    var item = user
    while item < size.itemCount, picked.count < wanted {
      taken[item] = turn
      picked.append(Int32(item))
      item += size.userCount
    }
    var tries = 0
    while picked.count < wanted {
      var item = popular.pick(&random)
      tries += 1
      if tries > 40 * wanted {
        while taken[item] == turn { item = (item + 1) % size.itemCount }
      } else {
        if taken[item] == turn { continue }
        let suits =
          (taste * itemTastes[item]).sum() * Weight.taste + qualities[item] * Weight.quality
        let chance = 0.5 + 0.5 * suits / (0.7 + abs(suits))
        if Float(random.uniform()) > chance { continue }
      }
      taken[item] = turn
      picked.append(Int32(item))
    }
    random.shuffle(&picked)
    return picked
  }
}
