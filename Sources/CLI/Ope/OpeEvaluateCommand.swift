import ArgumentParser
import DRR

extension OpeCommand {
  struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "evaluate",
      abstract: "Evaluate policies on a log of decisions.",
      discussion: """
        Every number comes with a 95 % interval, by resampling whole users, and with what its weights \
        are worth. A policy whose effective sample size is below --minimum-ess is not ranked. Open \
        Bandit names no users: its clusters are the four user features, which put all of a user's \
        decisions into one. Softmax and greedy follow the reward model of the other folds, so no \
        decision is evaluated by a policy that saw it; the direct method (dm) still flatters them, \
        since they choose what it overrates. Intervals take the reward model as given: those of dm \
        are too narrow. Inverse propensity weighting and its self-normalized form are ips and snips \
        here, ipw and snipw in the Open Bandit Pipeline.

        A folder with a feedback log, as a server writes it, has lists, drawn position by position. Its \
        policies are exported models, model:FOLDER[@EPSILON,TEMPERATURE,CANDIDATES], which are asked \
        what they would have shown in the state of each request; without @ they draw as the log \
        did. A list's value is the sum of its rewards. ips, clipped-ips and snips weigh whole lists; rips \
        and snrips weigh each position by the items from the first to it; pi and wpi, the \
        pseudo-inverse, suppose that a list earns a sum over positions, and are computed for at most \
        10,000 lists of a request and 100 positions times candidates, where the model that served is \
        named too. --positions looks at the first positions alone, which raises the effective sample \
        size. An item without feedback earned 0.

        Policies of other data: uniform; softmax[:TEMPERATURE] and greedy[:EPSILON] of the reward model; \
        marginal, the frequencies of the other Open Bandit log, or marginal:FILE.csv of a log; \
        FILE.csv with [position,]action,probability, or with a column for each action and a line for \
        each decision.

        Criteo's counterfactual data and Vowpal Wabbit's, where `_multi` is not the same in all lines, \
        have candidates of their own in every decision: they are told apart by their features alone, \
        policies are uniform, softmax, greedy and FILE.csv with the columns 1, 2, ..., and --crossed is \
        refused. Above 512 names, features share 512 columns by hashing. Where neither an estimator nor \
        a policy asks for the reward model, Criteo's features are not read, which takes far less memory. \
        Of its impressions without a click a tenth is in the data, and each counts ten times.

        Examples:
          drr ope evaluate --data open-bandit-small.zip --behavior bts --campaign men
          drr ope evaluate --data log.csv --policy uniform --policy greedy:0.1
          drr ope evaluate --data log.csv --policy target.csv --model logistic --json
          drr ope evaluate --data criteo_train.txt.gz --policy uniform --estimator ips --estimator snips
        drr ope evaluate --data log --policy model:models/second --positions 3
        drr ope evaluate --data log --policy model:models/second@0.05,0.25,50 --within 86400
        """)

    @OptionGroup var source: FeedbackOptions
    @Option(
      help: ArgumentHelp(
        "An evaluation policy; may repeat. (default: uniform, softmax:1, greedy:0.1, and marginal "
          + "where there is another log)", valueName: "policy"),
      completion: .list(["uniform", "softmax", "greedy", "marginal"]))
    var policy: [String] = []
    @Option(
      help: ArgumentHelp(
        "An estimator; may repeat. (default: all; of a feedback log all but pi and wpi)"))
    var estimator: [EstimatorName] = []
    @Option(
      help: ArgumentHelp(
        "The estimator that ranks the policies. (default: dr, of a feedback log snrips, or the first "
          + "--estimator where that is none of them)"))
    var rankBy: EstimatorName?
    @Option(help: "The reward model: linear, or of the log-odds.")
    var model = RewardModelConfiguration.Form.ridge
    @Flag(help: "Give each action its own coefficients of the context.")
    var crossed = false
    @Option(
      help: ArgumentHelp(
        "The reward model's L2 regularization. (default: that of 1, 10, 100 and 1000 which predicts "
          + "best)"))
    var regularization: Double?
    @Option(help: "Folds of the reward model's cross-fitting.")
    var folds = 5
    @Option(help: "The weight to clip at, and above which the model is trusted. (default: √n)")
    var clip: Double?
    @Option(help: "The least effective sample size that is ranked.")
    var minimumEss = 100.0
    @Option(help: "Resamples of the intervals.")
    var bootstrap = 1_000
    @Flag(help: "Resample single decisions, not whole users: too narrow where users repeat.")
    var byRow = false
    @OptionGroup var join: JoinOptions
    @Option(
      help: ArgumentHelp(
        "Of a feedback log: the positions of each list that are looked at, the first. (default: all)"
      ))
    var positions: Int?
    @OptionGroup var device: DeviceOptions
    @OptionGroup var random: SeedOption
    @OptionGroup var report: ReportOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
      if let positions, positions < 1 {
        throw ValidationError("--positions is \(positions); it must be at least 1.")
      }
    }

    func run() throws {
      if FeedbackReader.isLog(source.data) { return try evaluateServed() }
      if let option = firstGiven([
        (join.firstGiven ?? "", join.firstGiven != nil), ("--positions", positions != nil),
        ("--device", device.device != .auto),
      ]) {
        throw ValidationError(
          "\(option) is of a feedback log, and \(source.data) is none; leave it out.")
      }
      var configuration = OffPolicyConfiguration()
      if !estimator.isEmpty {
        configuration.estimators = try estimator.map {
          try $0.ofDecisions("--estimator", source.data)
        }
      }
      configuration.ranking =
        try rankBy?.ofDecisions("--rank-by", source.data)
        ?? (configuration.estimators.contains(.doublyRobust)
          ? .doublyRobust : configuration.estimators[0])
      if !configuration.estimators.contains(configuration.ranking) {
        configuration.estimators.append(configuration.ranking)
      }
      configuration.model.form = model
      configuration.model.isCrossed = crossed
      configuration.model.regularization = regularization
      configuration.model.folds = folds
      configuration.clip = clip
      configuration.minimumESS = minimumEss
      configuration.resamples = bootstrap
      configuration.seed = random.seed
      try configuration.validate()
      var log = try source.read(features: configuration.needsModel || policiesNeedModel)
      var other = try source.readOther()
      if byRow { (log, other) = (log.clusteredByRow(), other?.clusteredByRow()) }
      let (policies, known) = try policies(for: log, other: other, configuration)
      let progress = Progress()
      defer { progress.finish() }
      let found = try log.evaluate(policies, configuration, onPolicy: known) {
        progress.update($0, of: $1, $2)
      }
      progress.finish()
      try output.print(found, found.text) { try report.keep(found) }
    }

    /// Whether a policy follows the reward model; the usual ones do.
    private var policiesNeedModel: Bool {
      policy.isEmpty || policy.contains { $0.hasPrefix("softmax") || $0.hasPrefix("greedy") }
    }

    /// Evaluates models on the lists of a feedback log.
    private func evaluateServed() throws {
      if let option = firstGiven([
        ("--behavior", source.behavior != nil), ("--campaign", source.campaign != nil),
        ("--model", model != .ridge), ("--crossed", crossed),
        ("--regularization", regularization != nil), ("--folds", folds != 5), ("--by-row", byRow),
      ]) {
        throw ValidationError(
          "\(option) is not of a feedback log, and \(source.data) is one; leave it out.")
      }
      var configuration = SlateConfiguration()
      if !estimator.isEmpty {
        configuration.estimators = try estimator.map { try $0.ofLists("--estimator", source.data) }
      }
      configuration.ranking =
        try rankBy?.ofLists("--rank-by", source.data)
        ?? (configuration.estimators.contains(.snrips) ? .snrips : configuration.estimators[0])
      if !configuration.estimators.contains(configuration.ranking) {
        configuration.estimators.append(configuration.ranking)
      }
      configuration.clip = clip
      configuration.minimumESS = minimumEss
      configuration.resamples = bootstrap
      configuration.seed = random.seed
      try configuration.validate()
      if policy.isEmpty {
        throw ValidationError(
          "\(source.data) is a feedback log, and no model is named; add --policy model:FOLDER.")
      }
      if let twice = policy.first(where: { name in policy.count { $0 == name } > 1 }) {
        throw ValidationError("--policy \(twice) is named twice; leave one of them out.")
      }
      let names = try policy.map { ($0, try ServedPolicyName($0)) }
      let device = try device.hostDevice()
      let models = try names.map { try $1.model(named: $0, on: device) }
      let served = try ServedEvaluation(
        join.read(source.data), rewards: FeedbackRewards(of: models[0].policy.model),
        missing: join.missing ?? .zero, positions: positions, judging: models)
      let progress = Progress()
      defer { progress.finish() }
      let found = try served.evaluate(models, configuration) { progress.update($0, of: $1, $2) }
      progress.finish()
      try output.print(found, found.text) { try report.keep(found) }
    }

    /// The policies asked for, and the value of those that have a log of their own.
    private func policies(
      for log: LoggedFeedback, other: LoggedFeedback?, _ configuration: OffPolicyConfiguration
    ) throws -> ([any TargetPolicy], [String: Interval]) {
      var names = policy
      if names.isEmpty {
        names = ["uniform", "softmax", "greedy"] + (other == nil ? [] : ["marginal"])
      }
      var policies: [any TargetPolicy] = []
      var known: [String: Interval] = [:]
      let bootstrap = ClusterBootstrap(
        resamples: configuration.resamples, seed: configuration.seed)
      let otherIsUniform = source.behavior ?? .bts == .bts
      for name in names {
        let parts = name.split(separator: ":", maxSplits: 1).map(String.init)
        switch parts.first ?? "" {
        case "uniform" where parts.count == 1:
          policies.append(UniformTarget())
          if otherIsUniform { known["uniform"] = other?.onPolicyValue(bootstrap) }
        case "softmax":
          policies.append(
            SoftmaxTarget(temperature: try number(parts, "temperature", 1, 1e-3...1e3)))
        case "greedy":
          policies.append(GreedyTarget(epsilon: try number(parts, "ε", 0.1, 0...1)))
        case "marginal":
          let from = parts.count > 1 ? try DecisionFile.plain.read(parts[1]) : other
          guard let from else {
            throw ValidationError(
              "--policy marginal has no other log here; name one, as marginal:FILE.csv.")
          }
          let marginal = try FixedTarget(marginalOf: from, for: log)
          policies.append(marginal)
          known[marginal.name] = from.onPolicyValue(bootstrap)
        case let file where file.lowercased().hasSuffix(".csv"):
          policies.append(try PolicyFile.read(name, for: log))
        default:
          throw ValidationError(
            "--policy is \"\(name)\"; it must be uniform, softmax[:TEMPERATURE], greedy[:EPSILON], "
              + "marginal[:FILE.csv] or a .csv.")
        }
        if policies.dropLast().contains(where: { $0.name == policies.last!.name }) {
          throw ValidationError("--policy \(name) is named twice; leave one of them out.")
        }
      }
      return (policies, known)
    }

    private func number(
      _ parts: [String], _ what: String, _ standard: Double, _ range: ClosedRange<Double>
    ) throws -> Double {
      guard parts.count > 1 else { return standard }
      guard let value = Double(parts[1]), range.contains(value) else {
        throw ValidationError(
          "--policy \(parts[0]) has the \(what) \"\(parts[1])\"; it must be a number in "
            + "\(range.lowerBound) ... \(range.upperBound).")
      }
      return value
    }
  }
}
