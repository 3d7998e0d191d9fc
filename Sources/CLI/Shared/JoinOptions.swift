import ArgumentParser
import DRR

/// How the feedback of a log is joined to its lists.
struct JoinOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Seconds after its list in which feedback counts. (default: any time)", valueName: "seconds"))
  var within: Double?
  @Option(
    help: ArgumentHelp(
      "Items that were shown and had no feedback: zero, they earned 0; drop, they are left out, and "
        + "so are lists without any. (default: zero)"))
  var missing: MissingFeedback?

  func validate() throws {
    if let within, !(within > 0 && within.isFinite) {
      throw ValidationError("--within is \(within); it must be above 0.")
    }
  }

  /// The first of the options that is given.
  var firstGiven: String? {
    Commands.firstGiven([("--within", within != nil), ("--missing", missing != nil)])
  }

  /// Reads a log, showing progress.
  func read(_ folder: String) throws -> ServedDecisions {
    let progress = Progress()
    defer { progress.finish() }
    return try ServedDecisions(log: folder, within: within) {
      progress.update($0, of: $1, "bytes")
    }
  }
}

extension MissingFeedback: ExpressibleByArgument {
  public static var allValueDescriptions: [String: String] { [:] }
}

extension ServedDecisions {
  /// The scale of the ratings.
  ///
  /// - Parameter range: nil: five stars.
  func scale(named range: ClosedRange<Float>?) throws -> ClosedRange<Float> {
    let range = range ?? 0.5...5
    if let found = ratingRange,
      !(range.contains(found.lowerBound) && range.contains(found.upperBound))
    {
      throw RunError(
        "\(name) has ratings of \(found.lowerBound) ... \(found.upperBound), which are no part of "
          + "\(range.lowerBound) ... \(range.upperBound); say the scale by --rating-range LOW,HIGH")
    }
    return range
  }
}

extension ServedDecisions.Counts {
  /// A name and a value a row.
  func text(_ missing: MissingFeedback) -> String {
    var parts = ["\(grouped(joined)) joined"]
    for (count, what) in [
      (replaced, "replaced by a later one"), (late, "too late"),
      (unknownRequests, "of unknown requests"), (notShown, "of items that were not shown"),
      (withoutRequest, "without a request"),
    ] where count > 0 {
      parts.append("\(grouped(count)) \(what)")
    }
    return """
      lists     \(grouped(lists)) of \(grouped(shown)) items\
      \(repeatedLists > 0 ? "; \(grouped(repeatedLists)) of an id that came before are left out" : "")
      feedback  \(grouped(self.feedback)): \(parts.joined(separator: ", "))
      missing   \(grouped(self.missing)) items had no feedback: \
      \(missing == .zero ? "they earned 0" : "they are left out")
      """
  }
}
