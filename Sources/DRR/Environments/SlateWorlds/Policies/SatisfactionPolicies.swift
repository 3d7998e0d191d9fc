import Platform

extension WorldPolicy<LongTermSatisfaction> {
  /// Random; the most engagement now; the least temptation; and the plan, with the exposure as it
  /// follows from what was shown, and as it is.
  public static func known(
    for settings: LongTermSatisfaction.Settings, corpus: [Double]?
  ) -> [Self] {
    let plan = SatisfactionPlan(settings, corpus: corpus)
    return [
      .random,
      highest("myopic") { world, row in
        temptations(world, row).map {
          let (mean, deviation) = settings.engagement($0, satisfaction: 0.5)
          return mean + deviation * deviation / 2
        }
      },
      highest("least temptation") { world, row in temptations(world, row).map { -$0 } },
      Self("planner, exposure from what was shown") {
        // The noise and the start, which memory forgets, are unknown.
        var exposures: [Double] = []
        return { world in
          if exposures.isEmpty { exposures = Array(repeating: 0, count: world.count) }
          return (0..<world.count).flatMap { row -> [Int32] in
            if world.rows.steps[row] == 0 { exposures[row] = 0 }
            let offered = temptations(world, row)
            let slate = plan.slate(
              offered, step: world.rows.steps[row], exposure: exposures[row])
            exposures[row] =
              settings.respond(
                exposures[row], satisfaction: 0, temptation: offered[Int(slate[0])], draws: (0, 0)
              ).exposure
            return slate
          }
        }
      },
      Self("planner, hidden exposure", readsHidden: true) { world, row in
        plan.slate(
          temptations(world, row), step: world.rows.steps[row],
          exposure: world.hidden(row).exposure)
      },
    ]
  }

  private static func temptations(_ world: LongTermSatisfaction, _ row: Int) -> [Double] {
    let layout = world.rows.observation.layout
    return (0..<layout.candidates).map {
      Double(world.rows.observation.document(row, $0).first!)
    }
  }
}

/// The best value of long-term satisfaction by backward induction over steps, on a grid of exposures
/// and one of temptations: V_t(x) = E max_c (E r + V_{t+1}(m x − 2 (c − ½) + noise)), the largest of N
/// uniform candidates by its order statistic, the noise by Gauss–Hermite's five nodes.
struct SatisfactionPlan: Sendable {
  private static let points = 401
  private static let choices = 101
  /// Nodes and weights of a standard normal expectation.
  private static let nodes: [(Double, Double)] = {
    let (near, far) = ((5 - 10.0.squareRoot()).squareRoot(), (5 + 10.0.squareRoot()).squareRoot())
    let (heavy, light) = ((7 + 2 * 10.0.squareRoot()) / 60, (7 - 2 * 10.0.squareRoot()) / 60)
    return [(0, 8.0 / 15), (near, heavy), (-near, heavy), (far, light), (-far, light)]
  }()

  private let settings: LongTermSatisfaction.Settings
  private let reach: Double
  /// [steps + 1][points].
  private var values: [[Double]]

  /// - Parameter corpus: what is offered at every step; nil: N new ones at each.
  init(_ settings: LongTermSatisfaction.Settings, corpus: [Double]?) {
    self.settings = settings
    let memory = settings.memory
    reach =
      1 / (1 - memory) + 6 * settings.innovation / (1 - memory * memory).squareRoot()
    let offered =
      corpus ?? (0..<Self.choices).map { Double($0) / Double(Self.choices - 1) }
    values = Array(
      repeating: Array(repeating: 0, count: Self.points), count: settings.timeBudget + 1)
    for step in (0..<settings.timeBudget).reversed() {
      for point in 0..<Self.points {
        let exposure = reach * (2 * Double(point) / Double(Self.points - 1) - 1)
        var worths = offered.map { worth(of: $0, step: step, exposure: exposure) }
        if corpus != nil {
          values[step][point] = worths.max()!
          continue
        }
        worths.sort()
        var (expected, before) = (0.0, 0.0)
        for (place, worth) in worths.enumerated() {
          let share = pow(
            Double(place + 1) / Double(Self.choices), Double(settings.slates.candidates))
          expected += (share - before) * worth
          before = share
        }
        values[step][point] = expected
      }
    }
  }

  /// What showing a document is worth: its expected engagement, and what follows.
  func worth(of temptation: Double, step: Int, exposure: Double) -> Double {
    let (mean, deviation) = settings.engagement(
      temptation, satisfaction: settings.satisfaction(exposure))
    let next = settings.respond(
      exposure, satisfaction: 0, temptation: temptation, draws: (0, 0)
    ).exposure
    return exp(mean + deviation * deviation / 2)
      + Self.nodes.reduce(0) {
        $0 + $1.1 * value(step + 1, next + settings.innovation * $1.0)
      }
  }

  /// The best document first, and behind it others, which are not taken.
  func slate(_ offered: [Double], step: Int, exposure: Double) -> [Int32] {
    highestPlaces(
      offered.map { worth(of: $0, step: step, exposure: exposure) }, settings.slates.slate)
  }

  private func value(_ step: Int, _ exposure: Double) -> Double {
    guard step < settings.timeBudget else { return 0 }
    let place = (exposure / reach + 1) / 2 * Double(Self.points - 1)
    let low = min(max(Int(place.rounded(.down)), 0), Self.points - 2)
    let share = min(max(place - Double(low), 0), 1)
    return values[step][low] * (1 - share) + values[step][low + 1] * share
  }
}
