import DRRCore

/// Effects of consecutive items: after several liked ones in a row, each of another kind than the
/// one before it, a user is better disposed to whatever comes; after several disliked ones, worse.
///
/// With n⁺ and n⁻ the lengths of those two runs, σ = (min(n⁺, m) − min(n⁻, m)) / m, and an item
/// that would earn r earns (r + c σ) / (1 + c), which stays within ±1. σ stands before the item is
/// shown, so its own kind changes later rewards alone: what is best now need not be best in the
/// long run. Liu et al. 2018, figure 1, shows that users rate higher after consecutive satisfying
/// items; the formula is this program's own.
public struct Satisfaction: Sendable {
  /// c; 0 switches the effects off.
  public let strength: Float
  /// m, the run after which nothing is added.
  public let limit: Int
  /// The kind of each item.
  public let kinds: [Int32]
  /// Whether an agent is told what an item earns by itself, r; else it sees what was earned alone.
  public var isTold = false

  /// No effect: an item earns its own reward.
  public static let none = Satisfaction(strength: 0, limit: 1, kinds: [])
  /// m, the run length beyond which the effect grows no more.
  public static let limit = 5

  /// An effect by its parts; `kinds` has the cluster of each item.
  public init(strength: Float, limit: Int = Satisfaction.limit, kinds: [Int32]) {
    self.strength = strength
    self.limit = limit
    self.kinds = kinds
  }

  /// - Throws: `ConfigurationError` unless the strength is a number of 0 or more.
  public static func validate(strength: Float) throws(ConfigurationError) {
    try ConfigurationError.require("consecutive", strength, in: 0...100)
  }

  /// Where a session is: the runs that end at the item shown last.
  public struct Run: Hashable, Sendable {
    /// Liked items in a row, up to now.
    public var liked = 0
    /// Disliked items in a row, up to now.
    public var disliked = 0
    /// Kind of the item shown last; nil at the start.
    public var kind: Int32?

    /// The start of an episode.
    public init() {}
  }

  /// σ, within ±1.
  public func level(_ run: Run) -> Float {
    Float(min(run.liked, limit) - min(run.disliked, limit)) / Float(limit)
  }

  /// What an item that would earn `reward` earns after `run`.
  public func reward(_ reward: Float, after run: Run) -> Float {
    strength == 0 ? reward : (reward + strength * level(run)) / (1 + strength)
  }

  /// The run once an item that would earn `reward` has been shown. A liked item of the kind shown
  /// before begins a new run; one that is not liked ends it.
  public func run(_ run: Run, showing item: Int32, earning reward: Float) -> Run {
    guard strength != 0 else { return run }
    var next = Run()
    next.kind = kinds[Int(item)]
    if reward > 0 {
      next.liked = next.kind == run.kind ? 1 : run.liked + 1
    } else {
      next.disliked = run.disliked + 1
    }
    return next
  }
}
