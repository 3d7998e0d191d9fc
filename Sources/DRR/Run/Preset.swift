/// Settings that belong together.
public enum Preset: String, CaseIterable, Sendable, CustomStringConvertible {
  /// DRR as it was published, and the agent of its last step.
  case paper

  public var description: String { rawValue }

  /// Gives a run the preset's factorisation and agent.
  public func configure(_ run: inout RunConfiguration) {
    var (pmf, drr) = (run.pmf, DRRConfiguration())
    switch self {
    case .paper:
      pmf.shareRegularization()
      drr.choice = .last
    }
    (run.pmf, run.drr) = (pmf, drr)
  }
}
