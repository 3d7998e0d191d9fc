import ArgumentParser
import DRR
import Feedback
import Kernels
import Platform

/// The ratings that a run learns from.
struct RatingsOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Ratings: a folder, a file, a .zip, generated:SIZE[:SEED], or several of these joined by +. "
        + "(default: generated:small, or none beside --from)", valueName: "source"),
    completion: .file())
  var data: String?
  @Option(
    help: ArgumentHelp(
      "The folder of a feedback log: what users have rated and clicked by the time that the run "
        + "begins is learned from too.", valueName: "log"), completion: .directory)
  var from: String?
  @Option(
    help: ArgumentHelp(
      "An earlier run, whose data and settings a new one has where none are named, and whose vectors "
        + "its factorization and whose beliefs its agent's begin with.", valueName: "run"),
    completion: .directory)
  var fromRun: String?
  @Option(
    help: ArgumentHelp(
      "Ratings of the same or of new users and items, beside those of --data or --from-run; the later "
        + "of two of one user and item counts.", valueName: "source"), completion: .file())
  var newRatings: String?
  @Flag(
    help: ArgumentHelp(
      "Train anew whenever the log of --from has grown by --every, each time in a folder of its own "
        + "below --run, with the model that is to be promoted beside it; until Control-C."))
  var follow = false
  @Option(
    help: ArgumentHelp("Of --follow: ratings and clicks. (default: 1000)", valueName: "count"))
  var every: Int?

  func validate() throws {
    if fromRun == "" { throw ValidationError("--from-run is empty; name the folder of a run.") }
    if let newRatings, data == nil, fromRun == nil {
      throw ValidationError(
        "--new-ratings is \(newRatings), and it is beside no others; add --from-run RUN or --data "
          + "SOURCE.")
    }
    if from == "" { throw ValidationError("--from is empty; name the folder of a feedback log.") }
    if follow, from == nil {
      throw ValidationError("--follow is of a feedback log, and none is named; add --from FOLDER.")
    }
    if let every {
      if !follow {
        throw ValidationError("--every is \(every), and nothing is followed; add --follow.")
      }
      if every < 1 { throw ValidationError("--every is \(every); it must be at least 1.") }
    }
  }

  init() {}

  /// Of a command that learns nothing.
  init(data: String?) {
    (self.data, from, follow, every) = (data, nil, false, nil)
    (fromRun, newRatings) = (nil, nil)
  }

  /// The first of the options that is given, with its value.
  var firstGiven: String? {
    data.map { "--data \($0)" } ?? from.map { "--from \($0)" }
      ?? fromRun.map { "--from-run \($0)" }
  }

  /// Ratings, and what a new run keeps of the log that they are partly from.
  struct Loaded {
    var log: RatingsLog
    var data: DataIdentity
    /// nil where nothing is from a log, or the run has it.
    var preparation: (@Sendable () throws -> Void)?
  }

  /// The settings of the run of --from-run; nil: none is named.
  func earlier() throws -> RunConfiguration? {
    guard let fromRun else { return nil }
    let folder = RunFolder(fromRun)
    if let group = try folder.readGroup() {
      throw RunError(
        "--from-run \(fromRun) holds \(group.members.count) runs; name one of them, as "
          + "\(group.members[0].folder(in: folder).path)")
    }
    guard let found = try Algorithms.settings(of: folder) as? RunConfiguration else {
      throw RunError(
        "--from-run \(fromRun) is no run on ratings with a factorization; name one of `drr train "
          + "pmf`, drr, residual, dqn or pg")
    }
    return found
  }

  /// - Throws: `ValidationError` where --from-run is named for what has no factorization.
  func requireNoEarlier() throws {
    if let fromRun {
      throw ValidationError(
        "--from-run \(fromRun) gives a factorization's vectors, and nothing here has one; leave it "
          + "out, and name its data by --data.")
    }
  }

  /// The sources that are named, those of an earlier run where it is named alone, and what is new.
  private func named() throws -> String? {
    var source = data
    if source == nil { source = try earlier()?.data.source }
    return newRatings.map { new in source.map { "\($0)+\(new)" } ?? new } ?? source
  }

  /// Reads the ratings of a run. One that was begun keeps what it learned of a log, however that
  /// has grown.
  ///
  /// - Parameter ranks: who each hold the ratings of some users.
  func load(
    _ range: ClosedRange<Float>?, begun: DataIdentity?, for folder: RunFolder,
    among ranks: any Collective = SoleCollective()
  ) throws -> Loaded {
    func load(_ source: String) throws -> Loaded {
      let log = try loadRatings(source, range, among: ranks)
      var identity = DataIdentity(source: source, log: log, range: range)
      identity.servedUntil = begun?.servedUntil
      return Loaded(log: log, data: identity)
    }
    // One that was begun has them all.
    let data = try begun != nil && self.data == nil ? nil : named()
    guard let from else { return try load(data ?? begun?.source ?? "generated:small") }
    if let begun {
      guard begun.servedUntil != nil else {
        throw RunError(
          "\(folder.path): the run was started without --from; name another --run, or start again "
            + "with --fresh")
      }
      return try load(data.map { "\($0)+\(folder.served)" } ?? begun.source)
    }
    // Each process would read another part of a log that grows.
    try Ranks.requireOne(for: "the beginning of a run --from a log")
    guard FeedbackReader.isLog(from) else {
      throw RunError(
        "--from \(from) holds no feedback log; name the folder of one, as `drr serve --model FOLDER "
          + "--log \(from)` writes it")
    }
    let base = try data.map { try loadRatings($0, range) }
    let served = try JoinOptions.parse([]).read(from)
    let scale = try base?.ratingRange ?? served.scale(named: range)
    let found = served.ratings(ofClick: scale.upperBound)
    guard !found.rows.isEmpty, let last = served.lastTime else {
      throw RunError(
        "--from \(from): no user with an id has rated or clicked an item yet; train without it")
    }
    Console.note(
      "\(from): \(grouped(found.rows.count)) ratings and clicks of "
        + "\(grouped(Set(found.rows.map(\.user)).count)) users")
    let own = RatingsLog(name: "served", rows: found.rows, range: scale)
    let log = try base?.joined(with: own) ?? own
    let source = (data.map { "\($0)+" } ?? "") + folder.served
    var identity = DataIdentity(source: source, log: log, range: range)
    identity.servedUntil = last
    return Loaded(log: log, data: identity) { try own.write(to: folder.served) }
  }

  // MARK: - Following

  /// Trains, with --follow again and again.
  ///
  /// - Parameter train: trains in a folder, or goes on there.
  func rounds(_ options: RunOptions, _ train: (RunOptions) throws -> Void) throws {
    guard follow, let from else { return try train(options) }
    if RunFolder(options.run).exists(options.folder.configuration) {
      throw RunError("\(options.run) holds one run; name another --run for those of --follow")
    }
    Interrupt.install()
    var number = 1
    while RunFolder(folder(options, number + 1)).exists(folder(options, number + 1)) { number += 1 }
    while true {
      var run = options
      run.run = folder(options, number)
      try train(run)
      let model = run.run + "/model"
      if !run.folder.exists(model) {
        try exportedModel(of: run.folder, data: nil, on: CPUBackend()).write(toFolder: model)
      }
      Console.note("next: drr promote \(model) --over CURRENT --log \(from)")
      guard try waits(for: from, since: run.folder) else {
        return Console.note("stopped; the same command goes on")
      }
      number += 1
    }
  }

  private func folder(_ options: RunOptions, _ number: Int) -> String {
    options.run + "/" + String(number, digits: 4)
  }

  /// Waits until users have rated and clicked enough since a run began.
  ///
  /// - Returns: false where Control-C comes first.
  private func waits(for log: String, since run: RunFolder) throws -> Bool {
    struct Begun: Decodable {
      struct Settings: Decodable { var data: DataIdentity }
      var settings: Settings
    }
    let first = try run.readGroup()?.members[0].folder(in: run) ?? run
    guard
      let learned = first.read(Begun.self, from: first.configuration)?.settings.data.servedUntil
    else {
      throw RunError("\(run.path): the run was started without --from; name another --run")
    }
    let wanted = every ?? 1_000
    var (position, count) = (nil as FeedbackLog.Position?, 0)
    let progress = Progress()
    defer { progress.finish() }
    let reader = FeedbackReader(folder: log)
    while !Interrupt.isRequested {
      if let position, !(try reader.hasMore(than: position)) {
        usleep(250_000)
        continue
      }
      position = try reader.forEach(from: position) { event, _ in
        if case .feedback(let feedback) = event, feedback.tellsTaste, feedback.time > learned {
          count += 1
        }
      }
      if count >= wanted { return true }
      progress.update(count, of: wanted, "new ratings and clicks of \(log)")
      usleep(250_000)
    }
    return false
  }
}
