import ArgumentParser
import DRR

/// Settings of a run. Those not given keep what the run was begun with, or the default.
struct SettingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A folder, a file, a .zip, or generated:SIZE[:SEED] (default: generated:small).",
      valueName: "source"))
  var data: String?
  @Option(help: "Draws weights, orders and exploration (default: 0).")
  var seed: UInt64?
  @Option(
    help:
      "What is held out: users, rows (ratings at random), time (the latest of all) or latest (of each user) (default: users)."
  )
  var split: EvaluationProtocol.Split?
  @Option(
    help:
      "Ratings of one user and time: drawn or file order (default: drawn with latest, else file)."
  )
  var ties: TieOrder?
  @Option(help: "Draws what is held out (default: 0).")
  var splitSeed: UInt64?
  @Option(help: "Share that is held out for test (default: 0.2).")
  var testShare: Double?
  @Option(help: "Share that is held out for validation (default: 0.1).")
  var validationShare: Double?
  @Flag(
    help: ArgumentHelp(
      "Evaluate as the published figures were made: ratings held out at random, the history out of "
        + "the session and among the candidates, a PMF that saw most answers, ε 0.1; λ is 0.05, of the biases too."
    ))
  var asPublished = false
  @Option(help: "k, the length of the vectors (default: 100).")
  var dimension: Int?
  @Option(
    help: ArgumentHelp(
      "PMF: how it is fitted: adam, or sgd, which is many times faster and has defaults of its own "
        + "(default: adam).",
      valueName: PMFConfiguration.Solver.allCases.map(\.rawValue).joined(separator: "|")))
  var pmfSolver: PMFConfiguration.Solver?
  @Option(help: "PMF: passes over the ratings at most (default: 60; sgd 20).")
  var pmfEpochs: Int?
  @Option(help: "PMF: Adam's ratings an update (default: 1024, or 1% of the ratings if more).")
  var pmfBatch: Int?
  @Option(help: "PMF: the learning rate at the start (default: 0.002; sgd 0.06).")
  var pmfLearningRate: Float?
  @Option(help: "PMF: λ of the vectors (default: 0.06; sgd 0.0225).")
  var pmfRegularization: Float?

  @Option(
    help: ArgumentHelp(
      "PMF: the first vectors (default: uniform:0.1; sgd uniform:0.03).",
      valueName: "uniform:WIDTH|normal:DEVIATION"))
  var pmfStart: PMFConfiguration.Start?
  @Flag(
    inversion: .prefixedNo,
    help: "PMF: take the mean off before fitting (default: no; the vectors then carry it).")
  var pmfCentered: Bool?

  func apply(to configuration: inout RunConfiguration) {
    if let seed { configuration.seed = seed }
    if let pmfSolver, pmfSolver != configuration.pmf.solver {
      configuration.pmf.choose(pmfSolver)
    }
    if asPublished {
      let seed = configuration.evaluation.splitSeed
      configuration.evaluation = .asPublished
      configuration.evaluation.splitSeed = seed
      configuration.pmf.shareRegularization()
    }
    if let ties { configuration.evaluation.ties = ties }
    if let split { configuration.evaluation.choose(split) }
    if let splitSeed { configuration.evaluation.splitSeed = splitSeed }
    if let testShare { configuration.evaluation.testShare = testShare }
    if let validationShare { configuration.evaluation.validationShare = validationShare }
    if let dimension { configuration.pmf.dimension = dimension }
    if let pmfEpochs { configuration.pmf.epochs = pmfEpochs }
    if let pmfBatch { configuration.pmf.batchSize = pmfBatch }
    if let pmfLearningRate { configuration.pmf.learningRate = pmfLearningRate }
    if let pmfRegularization { configuration.pmf.regularization = pmfRegularization }
    if let pmfStart { configuration.pmf.start = pmfStart }
    if let pmfCentered { configuration.pmf.isCentered = pmfCentered }
  }
}

extension EvaluationProtocol.Split: ExpressibleByArgument {}
extension TieOrder: ExpressibleByArgument {}
extension PMFConfiguration.Solver: ExpressibleByArgument {}

extension PMFConfiguration.Start: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}
