extension WorldPolicy<InterestExploration> {
  /// Random; what is liked best on the average of users; and by the hidden affinities, which is the
  /// best there is, as users never change.
  public static func known(for settings: InterestExploration.Settings) -> [Self] {
    let expected = settings.expectedAffinities
    return [
      .random,
      highest("myopic") { world, row in scores(world, row, expected[...]) },
      highest("hidden affinities", readsHidden: true) { world, row in
        scores(world, row, world.hidden(row))
      },
    ]
  }

  /// Affinity plus quality of every candidate.
  private static func scores(
    _ world: InterestExploration, _ row: Int, _ affinities: ArraySlice<Double>
  ) -> [Double] {
    let layout = world.rows.observation.layout
    return (0..<layout.candidates).map { candidate in
      let document = world.rows.observation.document(row, candidate)
      let topic = document.firstIndex(of: 1)! - document.startIndex
      return affinities[affinities.startIndex + topic] + Double(document.last!)
    }
  }
}
