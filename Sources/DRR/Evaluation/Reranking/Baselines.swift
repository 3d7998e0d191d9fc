import DRRCore
import DRRData
import Factorization
import Tensor

/// A fresh random order: the base rate.
public struct RandomOrder: Scorer {
  package static let title = "random"
  public let name = title
  let seed: UInt64
  /// Draws of a seed, the same for a user whichever others are ranked.
  public init(seed: UInt64) { self.seed = seed }

  public func scores(_ session: Session) -> [Float] {
    var random = Philox(
      seed: seed, stream: Streams.randomRanker &+ UInt64(session.user) << 8)
    return session.candidates.map { _ in random.uniform() }
  }
}

/// The order in which the user went on to rate them.
public struct LoggedOrder: Scorer {
  public let name = "logged order"
  /// The ranker, which has no settings.
  public init() {}

  public func scores(_ session: Session) -> [Float] {
    var scores = [Float](repeating: 0, count: session.candidates.count)
    for (rank, position) in session.logged.enumerated() { scores[position] = -Float(rank) }
    return scores
  }
}

/// The most rated first.
public struct Popularity: Scorer {
  package static let title = "popularity"
  public let name = Popularity.title
  let statistics: ItemStatistics
  /// A ranker by counts of visible ratings.
  public init(_ statistics: ItemStatistics) { self.statistics = statistics }

  public func scores(_ session: Session) -> [Float] {
    session.candidates.map { Float(statistics.counts[Int($0)]) }
  }
}

/// The highest damped mean first.
public struct ItemMean: Scorer {
  public let name = "item mean"
  let statistics: ItemStatistics
  /// A ranker by means of visible ratings.
  public init(_ statistics: ItemStatistics) { self.statistics = statistics }

  public func scores(_ session: Session) -> [Float] {
    session.candidates.map { statistics.means[Int($0)] }
  }
}

/// The rating that PMF predicts.
public struct PMFRating: Scorer {
  public let name = "PMF rating"
  let model: PMFModel
  /// A ranker by a fitted model.
  public init(_ model: PMFModel) { self.model = model }

  public func scores(_ session: Session) -> [Float] {
    session.candidates.map { model.reward(user: Int(session.user), item: Int($0)) }
  }
}

/// The dot product of user and item vector alone, without biases: what an actor that answers with
/// the user's own vector would do.
public struct PMFDot: Scorer {
  public let name = "PMF dot"
  let model: PMFModel
  /// A ranker by a fitted model.
  public init(_ model: PMFModel) { self.model = model }

  public func scores(_ session: Session) -> [Float] {
    let bias = model.mean + model.userBiases[Int(session.user)]
    return session.candidates.map {
      model.reward(user: Int(session.user), item: Int($0)) - bias - model.itemBiases[Int($0)]
    }
  }
}

/// The order that knows the answers: the ceiling.
public struct Oracle: Scorer {
  package static let title = "oracle"
  public let name = title
  /// The ranker, which has no settings.
  public init() {}
  public func scores(_ session: Session) -> [Float] { session.rewards }
}
