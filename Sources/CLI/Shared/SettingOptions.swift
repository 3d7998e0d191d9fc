import ArgumentParser
import DRR

/// Settings of a run. Those not given keep what the run was started with, or the default.
struct SettingOptions: ParsableArguments {
  @OptionGroup var ratings: RatingsOption
  @OptionGroup var random: RunSeedOption
  @OptionGroup var held: SplitOptions<UsersHeldOut>
  @OptionGroup var scale: ScaleOptions
  @Flag(
    help: ArgumentHelp(
      "Evaluate as the published figures were made: ratings held out at random, the history taken "
        + "from the test items and left among the candidates, a PMF that saw most test ratings, "
        + "ε 0.1; λ is 0.05, of the biases too."))
  var asPublished = false
  @Option(
    help: ArgumentHelp(
      "Cutoffs of P@K, NDCG@K and recall@K. (default: 5,10,15,20; latest 5,10)",
      valueName: "k,k,..."))
  var cutoffs: Cutoffs?
  @Option(
    help: ArgumentHelp(
      "Items to rank that a held-out user needs, the largest cutoff at least; cutoffs above it are "
        + "left out. (default: 20; latest 10)"))
  var minimumCandidates: Int?
  @Option(help: "Fraction of a held-out user's ratings that may be seen. (default: 0.5)")
  var profileFraction: Double?
  @Option(help: "k, the length of the PMF vectors. (default: 100)")
  var dimension: Int?
  @Option(
    help: """
      PMF: the solver, with defaults of its own. (default: adam; sgd below 50,000 ratings and from \
      5,000,000 on)
      """)
  var pmfSolver: PMFConfiguration.Solver?
  @Option(help: "PMF: most epochs. (default: 60, sgd 20; more where there are few ratings)")
  var pmfEpochs: Int?
  @Option(help: "PMF: Adam's batch size. (default: 1024, less for few ratings, 1% of many)")
  var pmfBatchSize: Int?
  @Option(
    help: """
      PMF: parts that a batch's gradient is the sum of, a power of two. As many processes of mpirun \
      or fewer come to the same bits then. (default: a part a process)
      """)
  var pmfBatchParts: Int?
  @Option(help: "PMF: learning rate at the start. (default: 0.002; sgd 0.06)")
  var pmfLearningRate: Float?
  @Option(help: "PMF: λ, the L2 regularization of the vectors. (default: 0.06; sgd 0.0225)")
  var pmfRegularization: Float?
  @Option(help: "PMF: λ of the biases. (default: 0.02; sgd 0.05)")
  var pmfBiasRegularization: Float?
  @Option(
    help: ArgumentHelp(
      "PMF: the initial vectors, uniform:WIDTH or normal:DEVIATION. (default: uniform:0.1; sgd "
        + "uniform:0.03)", valueName: "start"),
    completion: .list(["uniform:0.1", "normal:0.1"]))
  var pmfStart: PMFConfiguration.Start?
  @Flag(
    inversion: .prefixedNo,
    help: ArgumentHelp(
      "PMF: subtract the mean before fitting. (default: no: the vectors carry it; sgd below 50,000 "
        + "ratings yes)"))
  var pmfCentered: Bool?

  var data: String? { ratings.data }
  var seed: UInt64? { random.seed }

  /// The first given of those that ratings need.
  var firstOfRatings: String? {
    firstGiven([("--data", data != nil), ("--from", ratings.from != nil)]) ?? held.firstGiven
      ?? scale.firstGiven
      ?? firstGiven([
        ("--as-published", asPublished), ("--cutoffs", cutoffs != nil),
        ("--minimum-candidates", minimumCandidates != nil),
        ("--profile-fraction", profileFraction != nil), ("--dimension", dimension != nil),
        ("--pmf-solver", pmfSolver != nil), ("--pmf-epochs", pmfEpochs != nil),
        ("--pmf-batch-size", pmfBatchSize != nil),
        ("--pmf-batch-parts", pmfBatchParts != nil),
        ("--pmf-learning-rate", pmfLearningRate != nil),
        ("--pmf-regularization", pmfRegularization != nil),
        ("--pmf-bias-regularization", pmfBiasRegularization != nil),
        ("--pmf-start", pmfStart != nil),
        ("--pmf-centered", pmfCentered != nil),
      ])
  }

  func validate() throws { try held.requireTraining(validation: asPublished ? 0 : 0.1) }

  func apply(to configuration: inout RunConfiguration) {
    if let seed { configuration.seed = seed }
    // The published figures are of Adam.
    let solver = pmfSolver ?? (asPublished ? .adam : configuration.pmf.solver)
    if solver != configuration.pmf.solver {
      configuration.pmf.choose(solver, ratings: configuration.data.ratings)
    }
    if asPublished {
      let begun = configuration.evaluation
      configuration.evaluation = .asPublished
      configuration.evaluation.splitSeed = begun.splitSeed
      configuration.evaluation.withoutTimes = begun.withoutTimes
      configuration.pmf.shareRegularization()
    }
    held.apply(to: &configuration.evaluation, choosing: true)
    apply(to: &configuration.evaluation)
    if let dimension { configuration.pmf.dimension = dimension }
    if let pmfEpochs { configuration.pmf.epochs = pmfEpochs }
    if let pmfBatchSize { configuration.pmf.batchSize = pmfBatchSize }
    if let pmfBatchParts { configuration.pmf.batchParts = pmfBatchParts }
    if let pmfLearningRate { configuration.pmf.learningRate = pmfLearningRate }
    if let pmfRegularization { configuration.pmf.regularization = pmfRegularization }
    if let pmfBiasRegularization {
      configuration.pmf.biasRegularization = pmfBiasRegularization
    }
    if let pmfStart { configuration.pmf.start = pmfStart }
    if let pmfCentered { configuration.pmf.isCentered = pmfCentered }
  }
}

extension SettingOptions {
  /// One of the two numbers follows the other where it is not given.
  private func apply(to evaluation: inout EvaluationProtocol) {
    if let profileFraction { evaluation.profileShare = profileFraction }
    if let cutoffs {
      evaluation.cutoffs = cutoffs.values
      if evaluation.population == .shared {
        evaluation.minimumCandidates = max(
          evaluation.minimumCandidates, cutoffs.values.max() ?? 0)
      }
    }
    guard let minimumCandidates else { return }
    evaluation.minimumCandidates = minimumCandidates
    if cutoffs == nil, evaluation.population == .shared {
      let kept = evaluation.cutoffs.filter { $0 <= minimumCandidates }
      evaluation.cutoffs = kept.isEmpty ? [minimumCandidates] : kept
    }
  }
}

/// Ks, ascending.
struct Cutoffs: ExpressibleByArgument {
  let values: [Int]

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    // Longer lists than any catalogue.
    guard parts.allSatisfy({ 1...10_000_000 ~= $0 ?? 0 }) else { return nil }
    values = Set(parts.compactMap { $0 }).sorted()
  }
}

extension PMFConfiguration.Solver: ExpressibleByArgument {}

extension PMFConfiguration.Start: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}
