import DRRCore

// What each world is known by: random, myopic and the best known policies.

extension LongTermSatisfaction {
  /// The policies that it is known by, in episodes of several seeds.
  public static func report(
    _ settings: Settings, episodes: Int, seeds: [UInt64]
  ) throws(ConfigurationError) -> WorldReport {
    try settings.validate()
    return try WorldReport(episodes: episodes, seeds: seeds) {
      seed throws(ConfigurationError) -> [WorldPolicy<LongTermSatisfaction>] in
      let corpus =
        settings.slates.resamples
        ? nil
        : try LongTermSatisfaction(settings, count: 1, seed: seed).rows.observation.values.prefix(
          settings.slates.candidates
        ).map { Double($0) }
      return WorldPolicy.known(for: settings, corpus: corpus)
    } in: { count, first, seed throws(ConfigurationError) in
      try LongTermSatisfaction(settings, count: count, first: first, seed: seed)
    }
  }
}

extension InterestEvolution {
  /// The policies that it is known by, in episodes of several seeds.
  public static func report(
    _ settings: Settings, episodes: Int, seeds: [UInt64]
  ) throws(ConfigurationError) -> WorldReport {
    try WorldReport(episodes: episodes, seeds: seeds) {
      seed throws(ConfigurationError) -> [WorldPolicy<InterestEvolution>] in
      WorldPolicy.known(for: settings, beliefs: try .init(learning: settings, seed: seed))
    } in: { count, first, seed throws(ConfigurationError) in
      try InterestEvolution(settings, count: count, first: first, seed: seed)
    }
  }
}

extension InterestExploration {
  /// The policies that it is known by, in episodes of several seeds.
  public static func report(
    _ settings: Settings, episodes: Int, seeds: [UInt64]
  ) throws(ConfigurationError) -> WorldReport {
    try settings.validate()
    return try WorldReport(episodes: episodes, seeds: seeds) { _ in
      WorldPolicy.known(for: settings)
    } in: { count, first, seed throws(ConfigurationError) in
      try InterestExploration(settings, count: count, first: first, seed: seed)
    }
  }
}

extension VirtualTaobao {
  /// The policies that it is known by, in episodes of several seeds.
  public static func report(
    _ networks: VirtualTaobaoNetworks, episodes: Int, seeds: [UInt64]
  ) throws(ConfigurationError) -> WorldReport {
    try WorldReport(episodes: episodes, seeds: seeds) { seed in
      WorldPolicy.known(for: networks, seed: seed)
    } in: { count, first, seed in
      VirtualTaobao(networks, count: count, first: first, seed: seed)
    }
  }
}
