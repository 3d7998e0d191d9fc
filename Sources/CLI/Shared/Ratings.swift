import DRR

/// Reads ratings, showing progress.
func loadRatings(_ source: String) throws -> RatingsLog {
  let progress = Progress()
  defer { progress.finish() }
  return try RatingsSource.load(source) { done, total in
    progress.update(done, of: total, source.hasPrefix("generated:") ? "ratings" : "bytes")
  }
}
