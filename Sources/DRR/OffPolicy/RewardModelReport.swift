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
    let n = Double(log.count)
    let mean = log.rewards.reduce(0, +) / n
    func rootMeanSquare(_ errors: [Double]) -> Double {
      (errors.reduce(0) { $0 + $1 * $1 } / n).squareRoot()
    }
    rootMeanSquaredError = rootMeanSquare(zip(log.rewards, predicted).map { $0 - $1 })
    rootMeanSquaredErrorOfMean = rootMeanSquare(log.rewards.map { $0 - mean })
    let order = predicted.indices.sorted { (predicted[$0], $0) < (predicted[$1], $1) }
    let parts = min(10, order.count)
    calibration = (0..<parts).map { part in
      let rows = order[part * order.count / parts..<(part + 1) * order.count / parts]
      return Decile(
        predicted: rows.reduce(0) { $0 + predicted[$1] } / Double(rows.count),
        observed: rows.reduce(0) { $0 + log.rewards[$1] } / Double(rows.count), rows: rows.count)
    }
  }
}
