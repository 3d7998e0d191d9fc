/// Processes or threads that work on one thing, each calling the same operations in the same order
/// (the model of the Message Passing Interface).
///
/// Where a rank is lost, the others' next operation throws ``CollectiveError``.
public protocol Collective: AnyObject {
  /// 0 ..< size.
  var rank: Int { get }
  var size: Int { get }

  /// Sends `parts[r]` to rank r, and returns what each rank sent here, in order of rank.
  func allToAll<Element: BitwiseCopyable & Sendable>(
    _ parts: [[Element]]
  ) throws(CollectiveError) -> [[Element]]
  /// What each rank gave, in order of rank.
  func allGather<Element: BitwiseCopyable & Sendable>(
    _ values: [Element]
  ) throws(CollectiveError) -> [[Element]]
  /// What rank `root` gave.
  func broadcast<Element: BitwiseCopyable & Sendable>(
    _ values: [Element], root: Int
  ) throws(CollectiveError) -> [Element]
  /// Returns when every rank has come here.
  func barrier() throws(CollectiveError)
}

extension Collective {
  /// The sums over all ranks, added in order of rank: equal bits on each, and in each run.
  public func allReduce(_ values: [Double]) throws(CollectiveError) -> [Double] {
    let all = try allGather(values)
    return values.indices.map { at in all.reduce(0) { $0 + $1[at] } }
  }
}

/// Why the ranks cannot go on together.
public enum CollectiveError: Error, Equatable, CustomStringConvertible {
  /// A rank stopped; `reason` is its error.
  case lost(rank: Int, reason: String)
  case refused(operation: String, code: Int)

  public var description: String {
    switch self {
    case .lost(let rank, let reason): "rank \(rank) stopped: \(reason)"
    case .refused(let operation, let code): "\(operation) failed with code \(code)"
    }
  }
}

/// A collective of one.
public final class SoleCollective: Collective {
  public let rank = 0
  public let size = 1

  public init() {}

  public func allToAll<Element: BitwiseCopyable & Sendable>(_ parts: [[Element]]) -> [[Element]] {
    parts
  }
  public func allGather<Element: BitwiseCopyable & Sendable>(_ values: [Element]) -> [[Element]] {
    [values]
  }
  public func broadcast<Element: BitwiseCopyable & Sendable>(
    _ values: [Element], root: Int
  ) -> [Element] { values }
  public func barrier() {}
}
