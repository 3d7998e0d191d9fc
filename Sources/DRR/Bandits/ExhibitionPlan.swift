import DRRCore
import OffPolicy
import Platform
import Tensor

/// An exhibition area: rooms in two rows, and in each some exhibits.
struct ExhibitionPlan: Codable, Equatable, Sendable {
  static let themes = 5

  struct Exhibit: Codable, Equatable, Sendable {
    var room: Int
    /// Metres.
    var x: Double
    var y: Double
    /// Shares of the themes, [themes].
    var themes: [Double]
    /// What it adds to a visitor's satisfaction whatever their taste; no policy is told.
    var quality: Double
    /// Minutes that it holds a visitor.
    var duration: Double
    /// Visitors who stand before it without being in each other's way.
    var capacity: Double
    /// Whether it may be touched and tried, which children like.
    var isHandsOn: Bool
    /// What draws the crowd, which knows names better than quality.
    var fame: Double
  }

  var rooms: Int
  var exhibits: [Exhibit]
  /// How loud each room is, from 0 to 1.
  var loudness: [Double]

  init(rooms: Int, exhibitsPerRoom: Int, seed: UInt64) {
    var random = Philox(seed: seed, stream: Streams.exhibitionPlan)
    self.rooms = rooms
    exhibits = []
    loudness = (0..<rooms).map { _ in random.openUnit() }
    for room in 0..<rooms {
      for _ in 0..<exhibitsPerRoom {
        let main = random.index(below: Self.themes)
        var themes = (0..<Self.themes).map { _ in 0.25 * random.openUnit() }
        themes[main] += 1
        let sum = themes.reduce(0, +)
        let quality = 0.12 * random.gaussian()
        exhibits.append(
          Exhibit(
            room: room, x: 12 * (Double(room / 2) + 0.1 + 0.8 * random.openUnit()),
            y: 12 * (Double(room % 2) + 0.1 + 0.8 * random.openUnit()),
            themes: themes.map { $0 / sum }, quality: quality, duration: 2 + 5 * random.openUnit(),
            capacity: Double(3 + random.index(below: 8)), isHandsOn: random.coin(0.3),
            fame: exp(4 * quality + 0.7 * random.gaussian())))
      }
    }
  }

  /// Metres from one exhibit to another; nil: from the entrance.
  func distance(_ from: Int?, _ to: Int) -> Double {
    let there = exhibits[to]
    let (x, y) = from.map { (exhibits[$0].x, exhibits[$0].y) } ?? (0, 12)
    return ((there.x - x) * (there.x - x) + (there.y - y) * (there.y - y)).squareRoot()
  }
}

/// The other visitors: each stands before one exhibit and moves on to another that is famous or
/// near. They come and go with the hour, so that the same exhibit is empty at ten and full at
/// three.
struct ExhibitionCrowd: Codable, Sendable {
  /// Of each of the others, the exhibit; nil: not there.
  private(set) var places: [Int?]
  /// How many stand before each exhibit.
  private(set) var counts: [Int]
  /// [exhibits + 1, exhibits]: cumulated weights of where one goes next, from each and from the
  /// door.
  private let next: [[Double]]
  private var random: Philox

  init(_ plan: ExhibitionPlan, people: Int, seed: UInt64) {
    places = Array(repeating: nil, count: people)
    counts = Array(repeating: 0, count: plan.exhibits.count)
    next = (0...plan.exhibits.count).map { from in
      var sum = 0.0
      return plan.exhibits.indices.map { to in
        let distance = plan.distance(from == plan.exhibits.count ? nil : from, to)
        sum += from == to ? 0 : plan.exhibits[to].fame * exp(-distance / 15)
        return sum
      }
    }
    random = Philox(seed: seed, stream: Streams.exhibitionCrowd)
  }

  /// The share of the others who are there at an hour of the day, from 0 at opening to 1 at
  /// closing.
  static func attendance(_ hour: Double) -> Double { 0.15 + 0.85 * pow(sin(.pi * hour), 2) }

  /// Empties the area and fills it as it is at that hour.
  mutating func open(hour: Double) {
    for person in places.indices { place(person, nil) }
    for _ in 0..<6 { advance(minutes: 5, hour: hour) }
  }

  mutating func advance(minutes: Double, hour: Double) {
    let moves = 1 - exp(-minutes / 5)
    let present = Self.attendance(hour)
    for person in places.indices where random.coin(moves) {
      if random.coin(present) {
        let weights = next[places[person] ?? counts.count]
        let draw = random.openUnit() * weights.last!
        place(person, weights.firstIndex { $0 > draw } ?? counts.count - 1)
      } else {
        place(person, nil)
      }
    }
  }

  func follows(_ fresh: Self) -> Bool {
    places.count == fresh.places.count && counts.count == fresh.counts.count && next == fresh.next
      && random.follows(fresh.random)
  }

  private mutating func place(_ person: Int, _ exhibit: Int?) {
    if let old = places[person] { counts[old] -= 1 }
    if let exhibit { counts[exhibit] += 1 }
    places[person] = exhibit
  }
}

/// A visitor with a mobile guide.
struct ExhibitionVisitor: Codable, Sendable {
  /// Shares of the themes in the visitor's taste, and what they told the guide of it.
  var taste: [Double]
  var declared: [Double]
  /// How much a crowd spoils for the visitor, from 0 to 1.
  var sensitivity: Double
  var isWithChildren: Bool
  /// 1 when the visitor comes; the visit ends at 0.
  var energy = 1.0
  /// How much dissatisfaction the visitor still bears.
  var patience: Double
  var place: Int?
  var seen: [Int] = []
  var rewards: [Double] = []
  /// The hour of the day, from 0 at opening to 1 at closing.
  var hour: Double

  init(_ random: inout Philox) {
    func shares(_ sharpness: Double) -> [Double] {
      let weights = (0..<ExhibitionPlan.themes).map { _ in pow(-log(random.openUnit()), sharpness) }
      let sum = weights.reduce(0, +)
      return weights.map { $0 / sum }
    }
    taste = shares(1.6)
    let noise = shares(1.6)
    declared = zip(taste, noise).map { 0.6 * $0 + 0.4 * $1 }
    sensitivity = random.openUnit()
    isWithChildren = random.coin(0.3)
    patience = 1 + random.openUnit()
    hour = 0.9 * random.openUnit()
  }

  /// Whether it is one whose visit is not over.
  var isSound: Bool {
    let shares = 0.0...1.0
    return [taste, declared].allSatisfy {
      $0.count == ExhibitionPlan.themes && $0.allSatisfy(shares.contains)
    } && rewards.allSatisfy(shares.contains) && shares ~= sensitivity && shares ~= energy
      && 0...2 ~= patience && shares ~= hour
  }
}
