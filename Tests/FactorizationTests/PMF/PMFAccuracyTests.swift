import DRRCore
import DRRData
import DRRTestSupport
import Factorization
import Tensor
import TestSupport
import Testing

@Suite("PMF on ratings of people")
struct PMFAccuracyTests {
  /// The error of predicting every rating by its item's damped mean.
  private func itemMeanError(
    _ log: RatingsLog, _ statistics: ItemStatistics, rows: [Int]
  ) -> Double {
    let squares = rows.reduce(0.0) { sum, row in
      let error = statistics.means[Int(log.items[row])] * 2 + 3 - log.ratings[row]
      return sum + Double(error * error)
    }
    return (squares / Double(rows.count)).squareRoot()
  }

  @Test("better than the item's mean on generated ratings of held-out sessions")
  func generated() throws {
    let log = GeneratedRatings.generate(size: .small)
    let split = UserSplit(log, EvaluationProtocol())
    var configuration = PMFConfiguration()
    configuration.dimension = 16
    configuration.epochs = 10
    configuration.learningRate = 6e-3
    let trainer = try PMFTrainer(
      configuration, log: log, rows: split.visibleRows(in: log), scale: .fiveStars, seed: 1,
      on: CPUBackend())
    while !trainer.isFinished { _ = try trainer.runEpoch() }
    let rows = split.testUsers.flatMap { split.sessionRows(of: Int($0), in: log) }
    let error = trainer.best!.model.rootMeanSquaredError(log, rows: rows, scale: .fiveStars)
    let mean = itemMeanError(log, ItemStatistics(log, split, scale: .fiveStars), rows: rows)
    #expect(error < mean - 0.01, "PMF \(error), item mean \(mean)")
  }

  /// Published figures of biased factorisations on these splits are 0.91 to 0.94.
  @Test("MovieLens 100K: the error over the five official splits")
  func movieLens() throws {
    try RealData.with("ml-100k.zip") { path in
      var errors: [Double] = []
      for number in 1...5 {
        let parts = try MovieLens100K.officialSplit(path, number)
        let trainer = try PMFTrainer(
          PMFConfiguration(), log: parts.train, rows: (0..<Int32(parts.train.count)).map { $0 },
          scale: .fiveStars, seed: 1, on: CPUBackend())
        while !trainer.isFinished { _ = try trainer.runEpoch() }
        errors.append(
          trainer.best!.model.rootMeanSquaredError(
            parts.test, rows: 0..<parts.test.count, scale: .fiveStars))
      }
      print("ml-100k, PMF, RMSE on u1 ... u5:", errors.map { decimal($0, 4) })
      #expect(errors.reduce(0, +) / 5 <= 0.935, "\(errors)")
    }
  }
}
