import DRRCore
import DRRData
import Tensor

/// Which tables an item's sub-states belong to: those of its genres, or of its cluster.
public struct ItemTables: Sendable {
  /// One a table.
  public let names: [String]
  private var ends: [Int32] = []
  private var tables: [UInt8] = []

  /// More tables have no place in a key.
  public static let limit = 255

  public var itemCount: Int { ends.count }

  /// The tables of an item, each of which counts 1 / count; none where its tables were not asked
  /// for.
  @inline(__always)
  public func ofItem(_ item: Int) -> ArraySlice<UInt8> {
    tables[(item == 0 ? 0 : Int(ends[item - 1]))..<Int(ends[item])]
  }

  package init(names: [String], ofItems lists: some Sequence<[UInt8]>) {
    self.names = names
    for list in lists {
      tables += list
      ends.append(Int32(tables.count))
    }
  }

  /// - Parameter histories: what clusters are learned from.
  public init(
    _ log: RatingsLog, _ configuration: MultiTableConfiguration, _ histories: Histories
  ) throws(ConfigurationError) {
    if configuration.genres == .clusters {
      self = ItemTables(
        names: (0..<configuration.clusters).map { "cluster \($0)" },
        ofItems: TransitionClusters.fit(
          histories, itemCount: log.itemCount, count: configuration.clusters,
          seed: configuration.seed
        ).map { [$0] })
      return
    }
    let genres = log.genres
    guard !genres.isEmpty else {
      throw ConfigurationError(
        "\(log.name) names no genres, and many tables need them; use --genres clusters, which are "
          + "learned")
    }
    guard genres.names.count <= Self.limit else {
      throw ConfigurationError(
        "\(log.name) has \(genres.names.count) genres; at most \(Self.limit) can have a table; use "
          + "--genres clusters")
    }
    for name in configuration.tables where !genres.names.contains(name) {
      throw ConfigurationError(
        "tables name the genre \"\(name)\", which \(log.name) has not; it has "
          + genres.names.joined(separator: ", "))
    }
    let kept = genres.names.map {
      configuration.tables.isEmpty || configuration.tables.contains($0)
    }
    let isPrimary = configuration.genres == .primary
    self.init(
      names: genres.names,
      ofItems: (0..<log.itemCount).lazy.map { item in
        let all = genres.ofItem(item)
        return (isPrimary ? all.prefix(1) : all).filter { kept[Int($0)] }.map { UInt8($0) }
      })
  }
}

/// Clusters of items in place of genres, by which item follows which: spherical k-means (Dhillon &
/// Modha 2001) of each item's counts of the items within two places of it in users' histories,
/// weighted by √count and folded to 64 numbers by random signs (the hashing of Weinberger et al.
/// 2009).
///
/// It needs nothing but the histories that the tables are learned from, no factorization of
/// ratings, and puts together what is watched together, which is what a table of sub-states stands
/// on.
enum TransitionClusters {
  static let width = 64
  static let rounds = 20

  /// The cluster of each item.
  static func fit(_ histories: Histories, itemCount: Int, count: Int, seed: UInt64) -> [UInt8] {
    var vectors = [Float](repeating: 0, count: itemCount * width)
    for user in 0..<histories.userCount {
      let rows = histories.rows(ofUser: user)
      for row in rows {
        for near in row + 1..<min(row + 3, rows.upperBound) where row + 1 < rows.upperBound {
          let (a, b) = (Int(histories.items[row]), Int(histories.items[near]))
          vectors.withUnsafeMutableBufferPointer { vectors in
            add(b, to: vectors.baseAddress! + a * width)
            add(a, to: vectors.baseAddress! + b * width)
          }
        }
      }
    }
    for item in 0..<itemCount { normalize(&vectors, item) }
    var random = Philox(seed: seed, stream: Streams.itemClusters)
    let starts = (0..<itemCount).shuffled(using: &random).prefix(count)
    var centers = [Float](repeating: 0, count: count * width)
    for (cluster, item) in starts.enumerated() {
      for at in 0..<width { centers[cluster * width + at] = vectors[item * width + at] }
    }
    var clusters = [UInt8](repeating: 0, count: itemCount)
    for _ in 0..<rounds {
      let next = nearest(vectors, centers, itemCount, count)
      if next == clusters { break }
      clusters = next
      centers = [Float](repeating: 0, count: count * width)
      for item in 0..<itemCount {
        for at in 0..<width {
          centers[Int(clusters[item]) * width + at] += vectors[item * width + at]
        }
      }
      for cluster in 0..<count { normalize(&centers, cluster) }
    }
    return clusters
  }

  /// A neighbour's signed place in a vector: its own, whatever the seed.
  @inline(__always)
  private static func add(_ neighbour: Int, to vector: UnsafeMutablePointer<Float>) {
    let bits = KeyHash.mix(UInt64(neighbour) &+ 1)
    vector[Int(bits % UInt64(width))] += bits >> 63 == 0 ? 1 : -1
  }

  private static func normalize(_ vectors: inout [Float], _ row: Int) {
    let range = row * width..<(row + 1) * width
    for at in range {
      vectors[at] = vectors[at] < 0 ? -(-vectors[at]).squareRoot() : vectors[at].squareRoot()
    }
    let length = vectors[range].reduce(0) { $0 + $1 * $1 }.squareRoot()
    if length > 0 { for at in range { vectors[at] /= length } }
  }

  private static func nearest(
    _ vectors: [Float], _ centers: [Float], _ itemCount: Int, _ count: Int
  ) -> [UInt8] {
    concurrentMap(itemCount) { item in
      var best = (cluster: 0, likeness: -Float.infinity)
      for cluster in 0..<count {
        var likeness: Float = 0
        for at in 0..<width {
          likeness += vectors[item * width + at] * centers[cluster * width + at]
        }
        if likeness > best.likeness { best = (cluster, likeness) }
      }
      return UInt8(best.cluster)
    }
  }
}
