import ArgumentParser
import DRR

/// The scale of ratings, where the data do not tell it.
struct RangeOption: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The lowest and the highest rating of the scale, as 0,1 or -10,10. (default: the format's)",
      valueName: "low,high"))
  var ratingRange: RatingRange?

  var range: ClosedRange<Float>? { ratingRange?.range }
}

/// The scale of ratings, and which of them are liked.
struct ScaleOptions: ParsableArguments {
  @OptionGroup var range: RangeOption
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "A rating above this is liked; mean: one above the mean of the user's own. (default: the "
        + "middle of the scale)", valueName: "rating|mean"))
  var likedAbove: LikedThreshold?

  /// The first of the options that is given.
  var firstGiven: String? {
    Commands.firstGiven([
      ("--rating-range", range.ratingRange != nil), ("--liked-above", likedAbove != nil),
    ])
  }

  /// How ratings become rewards.
  func scale(of log: RatingsLog) throws -> RewardScale {
    guard let likedAbove else { return RewardScale(ratingRange: log.ratingRange) }
    return try RewardScale(ratingRange: log.ratingRange, likedAbove: likedAbove)
  }

  /// Gives a run the ratings and the scale that it is to have; of one that was started, what is
  /// given alone.
  ///
  /// - Parameter begun: the data of a run that was started.
  func apply(
    to data: inout DataIdentity, _ scale: inout RewardScale, begun: DataIdentity?, _ log: RatingsLog
  ) throws {
    data.ratingRange = range.range ?? begun?.ratingRange
    if begun == nil || likedAbove != nil { scale = try self.scale(of: log) }
  }
}

/// Two numbers, the lower one first.
struct RatingRange: ExpressibleByArgument {
  let range: ClosedRange<Float>

  init?(argument: String) {
    let ends = argument.replacing("...", with: ",").split(separator: ",").map { Float($0) }
    guard ends.count == 2, let low = ends[0], let high = ends[1], low < high,
      max(low.magnitude, high.magnitude) <= RatingsLog.ratingLimit
    else { return nil }
    range = low...high
  }
}

extension LikedThreshold: ExpressibleByArgument {
  public init?(argument: String) {
    if argument == "mean" {
      self = .userMean
    } else if let rating = Float(argument), rating.isFinite {
      self = .rating(rating)
    } else {
      return nil
    }
  }
}
