import DRRCore
import DRRData
import Evaluation
import Factorization
import Tensor

/// A method as it stands in the one table.
public struct Contestant {
  /// The name in the table.
  public var name: String
  /// Scores every item of the catalogue as the next one.
  public let scorer: any NextItemScorer
  /// Puts held-out ratings in order.
  public let ranker: any Ranker
  /// What a person should know of it, such as that its training is not finished.
  public var remark: String?

  /// A method by its parts.
  public init(
    _ name: String, _ scorer: any NextItemScorer, _ ranker: any Ranker, remark: String? = nil
  ) {
    self.name = name
    self.scorer = scorer
    self.ranker = ranker
    self.remark = remark
  }
}

/// A trained run of any method, as the comparison of methods reads it from its folder.
public protocol ComparedRun {
  /// As `RunFolder.readAlgorithm` has them.
  static var algorithms: [String] { get }
  /// - Throws: `RunError` where the folder does not hold a run of this method.
  init(_ folder: RunFolder) throws
  /// The ratings that it was trained on.
  var data: DataIdentity { get }
  /// The split that it was trained by.
  var evaluation: EvaluationProtocol { get }
  /// How its ratings became rewards.
  var scale: RewardScale { get }
  /// Liked items that a session must begin with.
  var window: Int { get }
  /// The run's own factorisation, fitted on what may be seen of the log; nil where it has none.
  func factorization(of log: RatingsLog) throws -> PMFModel?
  /// What it has trained.
  func contestants(
    _ log: RatingsLog, _ split: UserSplit, seed: UInt64, on backend: any Backend
  ) throws -> [Contestant]
}

extension ComparedRun {
  public var window: Int { 0 }
  public func factorization(of log: RatingsLog) throws -> PMFModel? { nil }
}

extension Contestant {
  /// Re-ranks by the same scores, told of the reward of each item before the next.
  public init(
    _ scorer: any NextItemScorer, _ log: RatingsLog, _ split: UserSplit, scale: RewardScale,
    seed: UInt64, remark: String? = nil
  ) {
    self.init(
      scorer.name, scorer, NextItemRanker(scorer, log, split, scale: scale, seed: seed),
      remark: remark)
  }
}

extension Contestant {
  /// Called after its folder too where another has its name.
  public func named(apartFrom others: [Contestant], in folder: RunFolder) -> Contestant {
    guard others.contains(where: { $0.name == name }) else { return self }
    var contestant = self
    contestant.name = "\(name), \(folder.path)"
    return contestant
  }
}

/// The methods whose runs can be compared.
public enum ComparedRuns {
  /// All of them; a method is one entry.
  public static var kinds: [any ComparedRun.Type] {
    [
      ComparedDRR.self, ComparedMultiTable.self, ComparedGRU.self,
    ]
  }

  /// The run that a folder holds.
  ///
  /// - Throws: `RunError` where there is none, or one of a method that is not compared.
  public static func read(_ folder: RunFolder) throws -> any ComparedRun {
    if let group = try folder.readGroup() {
      throw RunError(
        "\(folder.path) holds several runs; name one, as \(folder.path)/\(group.members[0].name)")
    }
    guard folder.exists(folder.configuration) else {
      throw folder.absence()
    }
    let algorithm = folder.readAlgorithm() ?? ""
    guard let kind = kinds.first(where: { $0.algorithms.contains(algorithm) }) else {
      throw RunError(
        "\(try Algorithms.direction(to: folder) ?? folder.path); it recommends nothing out of a log "
          + "of ratings, and cannot be compared")
    }
    return try kind.init(folder)
  }
}
