import DRR
import Tensor
import Testing

@Suite("What many tables recommend") struct MultiTableScorerTests {
  typealias Worlds = MultiTableWorlds

  /// {0} knows 4 (Q 2, 3 visits) and 5 (Q −1, 1 visit); {3} knows 4 (Q 1, 1 visit).
  private func scores(
    _ history: [Int32], _ change: (inout MultiTableConfiguration) -> Void
  ) -> [Float] {
    let settings = Worlds.settings {
      $0.backOff = .none
      $0.lagExponent = 0
      change(&$0)
    }
    let table = QTable()
    table.set(Worlds.key(0, 0), QTable.Cell(action: 4, value: 2, visits: 3))
    table.set(Worlds.key(0, 0), QTable.Cell(action: 5, value: -1, visits: 1))
    table.set(Worlds.key(1, 3), QTable.Cell(action: 4, value: 1, visits: 1))
    let log = Histories([[(1, 5), (2, 5), (1, 5), (0, 5)]])
    let scorer = MultiTableScorer(
      settings, Worlds.tables, table,
      MultiTableBackOff(log, itemCount: 6, settings.backOff))
    return scorer.scores(
      NextItemQuery(
        user: 0, items: history[...], rewards: [], visibleCount: 0, target: 0, targetReward: 0))
  }

  @Test("is merged by sum, mean, max, shrunk sum, or visits")
  func aggregations() {
    #expect(scores([0, 3]) { $0.aggregation = .sum } == [0, 0, 0, 0, 3, -1])
    #expect(scores([0, 3]) { $0.aggregation = .mean } == [0, 0, 0, 0, 1.5, -1])
    #expect(scores([0, 3]) { $0.aggregation = .max } == [0, 0, 0, 0, 2, -1])
    #expect(scores([0, 3]) { $0.aggregation = .visits } == [0, 0, 0, 0, 4, 1])
    let shrunk = scores([0, 3]) {
      $0.aggregation = .shrunk
      $0.shrinkage = 1
    }
    #expect(shrunk == [0, 0, 0, 0, 2, -0.5] as [Float])
  }

  @Test("counts less for what was watched longer ago")
  func lags() {
    let found = scores([0, 3]) {
      $0.aggregation = .sum
      $0.lagExponent = 1
    }
    #expect(found == [0, 0, 0, 0, 2, -0.5] as [Float])
  }

  @Test("is backed off where no state is known, and says so by its settings")
  func backOff() {
    #expect(scores([2]) { $0.backOff = .none } == [0, 0, 0, 0, 0, 0])
    #expect(scores([2]) { $0.backOff = .popularity } == [0.25, 0.5, 0.25, 0, 0, 0])
    #expect(scores([2]) { $0.backOff = .markov } == [0.25, 1.5, 0.25, 0, 0, 0])
    // Items that no state knows come by popularity, below those that are known to be good.
    let mixed = scores([0]) { $0.backOff = .popularity }
    #expect(mixed[4] > mixed[1] && mixed[1] > mixed[0] && mixed[0] > 0 && mixed[5] < 0)
    // {0, 2} was never met, {0} was.
    func pair(_ backOff: MultiTableConfiguration.BackOff) -> [Float] {
      scores([2, 0]) {
        $0.backOff = backOff
        $0.subStates = .largest
        $0.aggregation = .sum
      }
    }
    #expect(pair(.lowerOrder)[4] == 1 && pair(.lowerOrder)[5] == -0.5)
    #expect(pair(.none)[4] == 0)
  }

  @Test("counts an item of no table as of no state, and optimism as what is unknown")
  func optimism() {
    let found = scores([0]) {
      $0.aggregation = .shrunk
      $0.shrinkage = 1
      $0.optimisticStart = 1
    }
    #expect(found == [1, 1, 1, 1, 1.75, 0] as [Float])
  }

  @Test("finds MovieLens's next items better than a Markov chain, with Q and with visits")
  func movieLens() throws {
    try RealData.with("ml-100k.zip") { path in
      let log = try RatingsSource.load(path)
      var evaluation = EvaluationProtocol()
      evaluation.split = .latest
      evaluation.validationShare = 0
      let split = UserSplit(log, evaluation)
      var measure = NextItemEvaluation.Settings()
      measure.users = 150
      let test = try NextItemEvaluation(log, split, scale: .fiveStars, measure)
      var run = MultiTableRunConfiguration(source: path, log: log)
      run.evaluation = evaluation
      run.settings = MultiTableConfiguration(.best)
      let scratch = TemporaryFolder()
      let training = try MultiTableTraining(
        Run(run, folder: RunFolder(scratch.path)), log, split)
      guard case .finished(let report) = try training.train(SoleCollective()) else {
        return #expect(Bool(false))
      }
      let (table, _) = try training.readTable()
      #expect(table.cellCount == report.cells && report.backOffRate! < 0.01)
      let statistics = ItemStatistics(log, split, scale: .fiveStars)
      let markov = try test.evaluate(MarkovChain(log, split, statistics)).mean(.hit, at: 10)
      for aggregation in [MultiTableConfiguration.Aggregation.shrunk, .visits] {
        run.settings.aggregation = aggregation
        let found = try test.evaluate(training.scorer(table, run.settings))
        #expect(found.mean(.hit, at: 10) > 1.2 * markov, "\(aggregation)")
      }
    }
  }
}
