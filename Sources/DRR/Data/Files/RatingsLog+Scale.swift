extension RatingsLog {
  /// The scale that ratings are of which nothing else tells: the usual one of such ratings,
  /// otherwise their own extremes.
  static func usualScale(
    lowest low: Float, highest high: Float, areWhole: Bool
  ) -> ClosedRange<Float> {
    if low >= 0.5, high > 1, high <= 5 { return low >= 1 && areWhole ? 1...5 : 0.5...5 }
    if low >= 0, high > 5, high <= 10 { return 0...10 }
    if low >= 0, high <= 1 { return 0...1 }
    if low >= -1, high <= 1 { return -1...1 }
    return low < high ? low...high : min(low, 0)...max(high, 0)
  }

  /// `3`, `3.5`
  static func spelled(_ value: Float) -> String {
    value.rounded() == value && value.magnitude < 1e9 ? "\(Int(value))" : "\(value)"
  }
}
