import DRR

/// Reads ratings, showing progress.
///
/// - Parameter range: their scale, where somebody named it.
func loadRatings(_ source: String, _ range: ClosedRange<Float>?) throws -> RatingsLog {
  let progress = Progress()
  defer { progress.finish() }
  return try RatingsSource.load(source, range: range) { done, total in
    progress.update(done, of: total, source.hasPrefix("generated:") ? "ratings" : "bytes")
  }
}
