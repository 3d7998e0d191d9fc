/// How well a reward model predicts the rewards of rows that it did not see.
public struct RewardModelReport: Codable, Hashable, Sendable {
  /// Rows of about equal prediction.
  public struct Decile: Codable, Hashable, Sendable {
    public var predicted: Double
    public var observed: Double
    public var rows: Int
  }

  public var form: RewardModelConfiguration.Form
  public var isCrossed: Bool
  public var columns: Int
  public var folds: Int
  /// Of the logged actions' rewards.
  public var rootMeanSquaredError: Double
  /// Of the mean reward of all rows in place of a model.
  public var rootMeanSquaredErrorOfMean: Double
  /// From the lowest predictions to the highest.
  public var calibration: [Decile]

  init(_ log: LoggedFeedback, _ model: CrossFittedRewards, predicted: [Double]) {
    form = model.configuration.form
    isCrossed = model.configuration.isCrossed
    columns = model.width
    folds = model.configuration.folds
    let times = predicted.indices.map { log.multiplicity($0) }
    func mean(_ rows: some Sequence<Int>, _ value: (Int) -> Double) -> Double {
      rows.reduce(0) { $0 + times[$1] * value($1) } / rows.reduce(0) { $0 + times[$1] }
    }
    func rootMeanSquare(_ error: (Int) -> Double) -> Double {
      mean(predicted.indices) { error($0) * error($0) }.squareRoot()
    }
    let level = mean(predicted.indices) { log.rewards[$0] }
    rootMeanSquaredError = rootMeanSquare { log.rewards[$0] - predicted[$0] }
    rootMeanSquaredErrorOfMean = rootMeanSquare { log.rewards[$0] - level }
    let order = predicted.indices.sorted { (predicted[$0], $0) < (predicted[$1], $1) }
    let parts = min(10, order.count)
    calibration = (0..<parts).map { part in
      let rows = order[part * order.count / parts..<(part + 1) * order.count / parts]
      return Decile(
        predicted: mean(rows) { predicted[$0] }, observed: mean(rows) { log.rewards[$0] },
        rows: rows.count)
    }
  }
}
