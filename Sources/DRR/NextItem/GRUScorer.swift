import DRRCore
import DRRData
import Tensor

/// What trained networks expect to come next: the mean of their scores, which is that of their
/// log-probabilities but for what all items share.
///
/// A score is made from the last items of the user, at least three quarters of the window if there
/// are as many. Where they begin is settled by their number alone, so that neighbouring queries of
/// a user share one pass.
public struct GRUScorer: NextItemScorer {
  public let name: String
  package let networks: [GRURanker]
  let window: Int
  /// Of each network.
  private let vectors: [Tensor?]

  /// One or more networks of one catalogue, whose weights stay as they are.
  public init(_ networks: [GRURanker], window: Int, title: String = "GRU") {
    name = networks.count == 1 ? title : "\(title), \(networks.count) networks"
    self.networks = networks
    self.window = window
    vectors = networks.map { $0.itemVectors() }
  }

  public func scores(_ queries: [NextItemQuery]) throws -> [[Float]] {
    var sequences: [[Int32]] = []
    var places: [(sequence: Int, item: Int)] = []
    var previous: NextItemQuery?
    for query in queries {
      let start = start(of: query.items.count)
      let items = Array(query.items.dropFirst(start))
      let continues =
        previous.map {
          $0.user == query.user && self.start(of: $0.items.count) == start
            && query.items.starts(with: $0.items)
        } ?? false
      if continues {
        sequences[sequences.count - 1] = items
      } else {
        sequences.append(items)
      }
      places.append((sequences.count - 1, items.count - 1))
      previous = query
    }
    let batch = SequenceBatch(sequences, at: places, on: networks[0].parameters.backend)
    var sum = networks[0].scores(batch, vectors: vectors[0])
    for (network, vectors) in zip(networks, vectors).dropFirst() {
      sum = sum + network.scores(batch, vectors: vectors)
    }
    let scores = try sum.affine(scale: 1 / Float(networks.count)).host()
    let n = scores.count / max(queries.count, 1)
    return queries.indices.map { Array(scores[$0 * n..<($0 + 1) * n]) }
  }

  /// The first of so many items that a score is made from.
  private func start(of count: Int) -> Int {
    guard count > window else { return 0 }
    let stride = max(window / 4, 1)
    return (count - window + stride - 1) / stride * stride
  }
}
