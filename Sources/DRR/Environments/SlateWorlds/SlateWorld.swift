import DRRCore

/// A world whose users are shown slates of documents, with its settings.
public enum SlateWorld: Codable, Hashable, Sendable {
  case satisfaction(LongTermSatisfaction.Settings)
  case evolution(InterestEvolution.Settings)
  case exploration(InterestExploration.Settings)

  /// Each with the settings of the original program.
  public static let all: [SlateWorld] = [
    .satisfaction(.init()), .evolution(.init()), .exploration(.init()),
  ]

  /// What people call it.
  public var name: String {
    switch self {
    case .satisfaction: LongTermSatisfaction.name
    case .evolution: InterestEvolution.name
    case .exploration: InterestExploration.name
    }
  }

  /// What is offered and shown.
  public var slates: SlateSettings {
    get {
      switch self {
      case .satisfaction(let settings): settings.slates
      case .evolution(let settings): settings.slates
      case .exploration(let settings): settings.slates
      }
    }
    set {
      switch self {
      case .satisfaction(var settings):
        settings.slates = newValue
        self = .satisfaction(settings)
      case .evolution(var settings):
        settings.slates = newValue
        self = .evolution(settings)
      case .exploration(var settings):
        settings.slates = newValue
        self = .exploration(settings)
      }
    }
  }

  /// - Throws: `ConfigurationError`, which names a setting that cannot work.
  public func validate() throws(ConfigurationError) {
    switch self {
    case .satisfaction(let settings): try settings.validate()
    case .evolution(let settings): try settings.validate()
    case .exploration(let settings): try settings.validate()
    }
  }

  /// Environments `first` ..< `first` + `count` of a seed, in their first episodes.
  public func environments(
    count: Int, first: Int, seed: UInt64
  ) throws(ConfigurationError) -> any FeatureEnvironments<Int32> {
    switch self {
    case .satisfaction(let settings):
      try LongTermSatisfaction(settings, count: count, first: first, seed: seed)
    case .evolution(let settings):
      try InterestEvolution(settings, count: count, first: first, seed: seed)
    case .exploration(let settings):
      try InterestExploration(settings, count: count, first: first, seed: seed)
    }
  }

  /// What the known policies earn in it, in episodes of several seeds.
  public func report(episodes: Int, seeds: [UInt64]) throws(ConfigurationError) -> WorldReport {
    switch self {
    case .satisfaction(let settings):
      try LongTermSatisfaction.report(settings, episodes: episodes, seeds: seeds)
    case .evolution(let settings):
      try InterestEvolution.report(settings, episodes: episodes, seeds: seeds)
    case .exploration(let settings):
      try InterestExploration.report(settings, episodes: episodes, seeds: seeds)
    }
  }
}
