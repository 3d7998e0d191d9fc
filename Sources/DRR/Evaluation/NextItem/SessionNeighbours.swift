import DRRData
import Platform

/// Nearest neighbours by sessions (V-SKNN of Ludewig & Jannach 2018): what is in the sessions that
/// are most like the present one.
///
///     u(l) = max(1 − (l − 1) / w, 0)                             of the l-th last item
///     sim(s, n) = Σ u(l_i) / √|n| over the items i of both, l_i of the last time i came in s
///     score(b) = (1 + λ ln(S / S_b)) Σ sim(s, n) l_n^−p d_n(b)^−q over the neighbours n with b
///
/// Of the m latest sessions that have one of the last w items, the k with the largest sim are the
/// neighbours; of equals the later one. |n| is the number of items of n, each counted once; l_n
/// the lag of the latest item that both have, as in that paper's S-SKNN; d_n(b) how many items b
/// is from it in n, 1 at least (Garg et al. 2019, STAN, by a power in place of an exponential); S
/// is the number of sessions, S_b of those with b. The user's own session is none of the
/// neighbours.
///
/// A score looks at m sessions, whatever the number of all. The defaults were chosen on the
/// validation sessions of Diginetica.
public struct SessionNeighbours: NextItemHostScorer {
  /// Which sessions are near, and how they are weighed.
  public struct Settings: Codable, Hashable, Sendable {
    /// w, in items.
    public var window = 10
    /// m, in sessions.
    public var latest = 1_000
    /// k, in sessions.
    public var neighbours = 200
    /// p.
    public var lagExponent = 1.0
    /// q.
    public var distanceExponent = 0.5
    /// λ.
    public var rarity: Float = 1

    /// The default settings.
    public init() {}
  }

  /// What tables call it.
  public static let title = "session kNN"
  public let name: String
  let index: SessionIndex
  let settings: Settings
  /// l^−p of lag l at place l − 1.
  private let lags: [Float]
  /// d^−q of distance d at place d.
  private let distances: [Float]
  /// By item 1 + λ ln(S / S_b).
  private let rarities: [Float]

  /// The neighbours among the sessions of an index.
  public init(_ index: SessionIndex, _ settings: Settings = Settings(), name: String = title) {
    (self.name, self.index, self.settings) = (name, index, settings)
    lags = (0..<settings.window).map { Float(pow(Double($0 + 1), -settings.lagExponent)) }
    distances = (0...index.longest).map {
      Float(pow(Double(max($0, 1)), -settings.distanceExponent))
    }
    let sessions = Double(max(index.users.count, 1))
    rarities = (0..<index.itemCount).map { item in
      let having = index.itemOffsets[item + 1] - index.itemOffsets[item]
      return 1 + settings.rarity * Float(log(sessions / Double(max(having, 1))))
    }
  }

  public func scores(_ query: NextItemQuery) -> [Float] {
    var scores = [Float](repeating: 0, count: index.itemCount)
    for near in neighbours(of: query) {
      let weight = near.similarity * lags[near.lag - 1]
      let first = index.offsets[near.session]
      for at in first..<index.offsets[near.session + 1] {
        scores[Int(index.items[at])] += weight * distances[abs(at - first - near.place)]
      }
    }
    for item in scores.indices { scores[item] *= rarities[item] }
    return scores
  }

  /// A session with items in common.
  struct Neighbour {
    var session: Int
    var similarity: Float
    /// Of the latest item that both have.
    var lag: Int
    /// Where that is among the items of the session.
    var place: Int
  }

  /// The nearest of the latest, nearest first.
  func neighbours(of query: NextItemQuery) -> [Neighbour] {
    var near = latest(query)
    near.sort { ($0.similarity, $1.session) > ($1.similarity, $0.session) }
    return Array(near.prefix(settings.neighbours))
  }

  /// The latest sessions that have one of the last items, latest first: the sessions of those items
  /// are merged.
  private func latest(_ query: NextItemQuery) -> [Neighbour] {
    // Of each item, the last one first, the entries that are not merged yet.
    var items: [(item: Int32, lag: Int, entries: Range<Int>)] = []
    for (before, item) in query.items.suffix(settings.window).reversed().enumerated()
    where !items.contains(where: { $0.item == item }) {
      let entries = index.itemOffsets[Int(item)]..<index.itemOffsets[Int(item) + 1]
      items.append((item, before + 1, entries))
    }
    var found: [Neighbour] = []
    while found.count < settings.latest {
      let next = items.lazy.compactMap { $0.entries.first.map { index.sessions[$0] } }.min()
      guard let next else { break }
      var neighbour = Neighbour(session: Int(next), similarity: 0, lag: 0, place: 0)
      for at in items.indices {
        guard let entry = items[at].entries.first, index.sessions[entry] == next else { continue }
        if neighbour.lag == 0 {
          (neighbour.lag, neighbour.place) = (items[at].lag, Int(index.places[entry]))
        }
        neighbour.similarity += 1 - Float(items[at].lag - 1) / Float(settings.window)
        items[at].entries = entry + 1..<items[at].entries.upperBound
      }
      guard index.users[neighbour.session] != query.user else { continue }
      neighbour.similarity /= Float(index.count(of: neighbour.session)).squareRoot()
      found.append(neighbour)
    }
    return found
  }
}
