import DRR

/// Makes or takes up the run on ratings that the options describe.
struct RunOpening {
  var run: RunOptions
  var settings: SettingOptions
  /// Nil for a run of PMF alone.
  var agent: (any AgentSettings)?
  var start: StartOptions
  /// Whether it is the first of a group, whose runs are each of one process and share what they
  /// begin with.
  var isOfGroup = false

  /// Changes nothing: what is wrong with the settings shows before the folder is touched. A setting
  /// that is not given is as the run was started.
  func open() throws -> Experiment {
    try run.requireOne()
    let begun = try begun()
    let ranks = sharing(begun)
    let loaded = try settings.ratings.load(
      settings.scale.range.range ?? begun?.data.ratingRange, begun: begun?.data, for: run.folder,
      among: ranks)
    let log = loaded.log
    let earlier = try begun == nil ? self.earlier() : requireWarm(begun)
    var wanted =
      begun ?? earlier?.settings ?? RunConfiguration(source: loaded.data.source, log: log)
    if begun == nil || settings.data != nil { wanted.data = loaded.data }
    if begun == nil, earlier == nil { chooseShared(&wanted) }
    try settings.scale.apply(to: &wanted.data, &wanted.scale, begun: begun?.data, log)
    if let agent {
      if wanted.agent == nil { agent.begin(&wanted, keepsPMF: begun != nil) }
      wanted.myopic = agent.myopic ?? wanted.myopic ?? inherited(begun) ?? agent.trainsMyopic
    }
    settings.apply(to: &wanted)
    if let agent { agent.apply(to: &wanted.agent) }
    var folder = run.folder
    folder.preparation = loaded.preparation
    var experiment = try Experiment(wanted, log: log, folder: folder, among: ranks)
    if let earlier { experiment = try warm(experiment, earlier.run) }
    if let warning = try experiment.split.orderWarning(in: log, among: ranks) {
      Console.note(warning)
    }
    if !start.fresh, let kept = try run.folder.read(RunConfiguration.self) {
      try Run(experiment.configuration, folder: run.folder).requireSame(kept)
    }
    if let settled = wanted.agent, agent != nil {
      try experiment.requireHistories()
      note(experiment, settled)
    }
    return experiment
  }

  // MARK: Ranks

  /// Who each hold the ratings of some users: the ranks, where they fit a factorization and what is
  /// held out follows from each user's own ratings; otherwise this process alone, which holds all.
  private func sharing(_ begun: RunConfiguration?) -> any Collective {
    var evaluation = begun?.evaluation ?? EvaluationProtocol()
    settings.held.apply(to: &evaluation, choosing: true)
    let isFromMean =
      settings.scale.likedAbove.map { $0 == .userMean } ?? (begun?.scale.fromUserMean == true)
    let isWarm =
      begun?.warm != nil || settings.ratings.fromRun != nil || settings.ratings.from != nil
    return agent == nil && !isOfGroup && !isWarm && !isFromMean && !settings.asPublished
      && evaluation.isByUser ? Ranks.all : SoleCollective()
  }

  /// Of so many ratings that one process would take descent, which ranks cannot share, Adam.
  private func chooseShared(_ wanted: inout RunConfiguration) {
    guard agent == nil, !isOfGroup, settings.pmfSolver == nil,
      wanted.pmf.chooseShared(by: Ranks.all.size, ratings: wanted.data.ratings)
    else { return }
    Console.note(
      "PMF is fitted by Adam, which processes share; one process alone would take --pmf-solver sgd "
        + "for \(grouped(wanted.data.ratings)) ratings")
  }

  // MARK: An earlier run

  /// The run of --from-run with its data, and the settings that a new one takes of it; nil: none is
  /// named.
  private func earlier() throws -> (run: Experiment, settings: RunConfiguration)? {
    guard let configuration = try settings.ratings.earlier() else { return nil }
    let log = try loadRatings(configuration.data.source, configuration.data.ratingRange)
    let run = try Experiment(
      configuration, log: log, folder: RunFolder(settings.ratings.fromRun!))
    var taken = configuration
    (taken.warm, taken.myopic) = (nil, nil)
    // Settings of another agent are its own.
    if taken.agent.map({ type(of: $0).command }) != agent.map({ type(of: $0).command }) {
      taken.agent = nil
    }
    return (run, taken)
  }

  /// - Throws: `RunError` where --from-run is named and the run was begun without.
  private func requireWarm(
    _ begun: RunConfiguration?
  ) throws -> (run: Experiment, settings: RunConfiguration)? {
    if settings.ratings.fromRun != nil, begun?.warm == nil {
      throw RunError(
        "\(run.run): the run was started without --from-run; name another --run, or start again with "
          + "--fresh")
    }
    return nil
  }

  /// The run with the vectors of an earlier one, and what its beliefs have, which it keeps from its
  /// beginning on.
  private func warm(_ new: Experiment, _ earlier: Experiment) throws -> Experiment {
    let (path, beliefPath) = (run.folder.start, run.folder.beliefStart)
    let start = try new.warmStart(from: earlier)
    let beliefs = try new.beliefStart(from: earlier, note: Console.note)
    let (known, heldOut) = (start.known, new.heldOut(learnedBy: start, beliefs))
    Console.note(
      "PMF begins with \(earlier.folder.path)'s vectors of \(grouped(known.users)) of "
        + "\(grouped(new.log.userCount)) users and \(grouped(known.items)) of "
        + "\(grouped(new.log.itemCount)) items")
    if let beliefs {
      Console.note(
        "beliefs begin with \(earlier.folder.path)'s of \(grouped(beliefs.knownItems)) of "
          + "\(grouped(new.log.itemCount)) items")
    }
    if heldOut.learned > 0 {
      Console.warn(
        "these vectors have learned \(grouped(heldOut.learned)) of the \(grouped(heldOut.all)) "
          + "ratings that this run holds out: its figures will be too good; --split none holds "
          + "nothing out")
    }
    let (bytes, beliefBytes) = (try start.bytes(), try beliefs?.bytes())
    var folder = new.folder
    let before = folder.preparation
    folder.preparation = {
      try before?()
      try AtomicFile.write(bytes, to: path)
      if let beliefBytes { try AtomicFile.write(beliefBytes, to: beliefPath) }
    }
    var configuration = new.configuration
    configuration.warm = WarmStart(
      path: path, of: bytes, beliefs: beliefBytes, learned: isOfGroup ? nil : heldOut.learned)
    return try Experiment(configuration, log: new.source, folder: folder)
  }

  /// Tells before training what would be missing after it.
  private func note(_ experiment: Experiment, _ agent: any AgentConfiguration) {
    if experiment.configuration.evaluation.split != .nothing {
      do {
        _ = try experiment.admitted()
      } catch {
        Console.warn("after training \(error)")
      }
    }
    let training = agent.training
    if !(agent is PolicyGradientAgentConfiguration), training.steps <= training.learningStarts {
      noteNoUpdate(steps: training.steps, learningStarts: training.learningStarts)
    }
  }

  /// The run that is gone on with or started as another was, if it is one of this command.
  private func begun() throws -> RunConfiguration? {
    let begun: RunConfiguration? = try start.begun(
      run.folder, by: agent.map { type(of: $0).command } ?? "train pmf")
    if let begun, let agent, begun.agent != nil, begun.command != type(of: agent).command {
      throw RunError(
        "\(run.run) is \(begun.title); go on with it by `drr \(begun.command) --run \(run.run)`, or "
          + "name another --run")
    }
    return begun
  }

  /// Whether a run of an older program, which did not keep it, was started with a myopic copy.
  private func inherited(_ begun: RunConfiguration?) -> Bool? {
    guard begun?.agent != nil, run.folder.exists(run.folder.checkpoint) else { return nil }
    return run.folder.exists(run.folder.myopic.configuration)
  }
}

/// Tells that a training ends before its first update.
func noteNoUpdate(steps: Int, learningStarts: Int) {
  Console.warn(
    "the agent makes no update in \(grouped(steps)) steps, since the first is after "
      + "\(grouped(learningStarts)); lower --learning-starts or raise --steps")
}
