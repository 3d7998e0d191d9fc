import ClickSessions
import Commands
import DRRCore
import DRRData
import Environments
import Essentials
import Feedback
import Kernels
import OffPolicy
import Platform
import Report
import Runs
import Serving
import Tensor

/// One kind of file, or of files that belong together, as a user may write them.
struct Reader: Sendable {
  let name: String
  /// The files, in the order in which an input holds them, parted by ``separator``.
  let files: [String]
  let body: @Sendable (_ folder: String) throws -> Void

  /// The control character "file separator".
  static let separator: UInt8 = 0x1c

  init(_ name: String, _ files: [String], _ body: @escaping @Sendable (String) throws -> Void) {
    (self.name, self.files, self.body) = (name, files, body)
  }

  /// Reads an input: what comes out is used, and an error is a sentence on one line.
  func read(_ input: UnsafeRawBufferPointer) {
    let parts = input.split(
      separator: Self.separator, maxSplits: files.count - 1, omittingEmptySubsequences: false)
    for (place, file) in files.enumerated() {
      let path = "\(Self.folder)/\(file)"
      guard place < parts.count else {
        unlink(path)
        continue
      }
      Self.write(UnsafeRawBufferPointer(rebasing: parts[place]), to: path)
    }
    do {
      try body(Self.folder)
    } catch {
      let said = "\(error)"
      require(!said.isEmpty && !said.contains("\n"), "an error is no sentence: \(said)")
      require(
        said.unicodeScalars.allSatisfy { !$0.controls || $0 == "\t" },
        "an error has control characters")
    }
  }

  /// Of this process; faster where TMPDIR is in memory.
  static let folder: String = {
    let path =
      FileManager.default.temporaryDirectory.path
      + "/drr-fuzz-\(UInt64.random(in: 0 ... .max))"
    for file in all.flatMap(\.files) {
      let folder = "\(path)/\(file)".parentFolder
      do {
        try FileManager.default.createDirectory(
          atPath: folder, withIntermediateDirectories: true,
          attributes: [.posixPermissions: 0o700])
      } catch {
        fatalError("no folder for the inputs: \(error)")
      }
    }
    return path
  }()

  private static func write(_ bytes: UnsafeRawBufferPointer, to path: String) {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    require(file >= 0, "\(path) does not open")
    defer { close(file) }
    var left = bytes[...]
    while !left.isEmpty {
      let whole = UnsafeRawBufferPointer(rebasing: left)
      let count = Platform.write(file, whole.baseAddress, whole.count)
      require(count > 0, "\(path) takes no more")
      left = left.dropFirst(count)
    }
  }
}

extension Reader {
  static let all: [Reader] = ratings + sessions + decisions + served + stored

  private static let ratings = [
    ratings("csv", ["ratings.csv", "movies.csv", "about.txt"]),
    ratings("100k", ["u.data", "u.item", "u.genre"]),
    ratings("dat", ["ratings.dat", "movies.dat"]),
    ratings("inter", ["s.inter", "s.item"]),
    ratings("zip", ["a.zip"], "/a.zip"),
    ratings("line", ["data"], "/data"),
    ratings("gzip", ["u.data.gz"]),
    ratings("tar", ["a.tar"], "/a.tar"),
    ratings("netflix", ["combined_data_1.txt", "combined_data_2.txt", "movie_titles.csv"]),
    ratings("jester", ["jester-data-1.csv"]),
    ratings("books", ["BX-Book-Ratings.csv", "BX-Books.csv"]),
    ratings("events", ["events.csv"]),
    ratings("json", ["yelp_academic_dataset_review.json", "yelp_academic_dataset_business.json"]),
    ratings("metadata", ["ratings.csv", "movies_metadata.csv", "links.csv"]),
    Reader("ratings-table", ["data"]) { folder in
      for separator in [nil, .blank, .pipe] as [Separator?] {
        for isHeadless in [true, false] {
          var options = ReadingOptions()
          (options.separator, options.hasNoHeader) = (separator, isHeadless)
          (options.user, options.item, options.time) = (.number(1), .number(2), .number(4))
          (options.encoding, options.missing) = (.latin1, .skip)
          if isHeadless {
            options.event = .number(3)
            options.eventRatings = [EventRating("view", 1), EventRating("buy", 5)]
          } else {
            options.rating = .number(3)
          }
          guard let log = try? RatingsSource.load("\(folder)/data", reading: options) else {
            continue
          }
          check(log)
          if let core = try? log.keeping(atLeast: 2, repeatedly: true) { check(core) }
        }
      }
      var options = ReadingOptions()
      (options.user, options.item, options.isImplicit) = (.named("u"), .named("i"), true)
      check(try RatingsSource.load("\(folder)/data", reading: options))
    },
  ]

  private static func check(_ log: RatingsLog) {
    require(log.count > 0 && log.userOffsets.last == log.count, "a log that is not whole")
    require(log.items.allSatisfy { 0..<log.itemCount ~= Int($0) }, "an item that is none")
    require(log.ratings.allSatisfy { log.ratingRange.contains($0) }, "a rating out of range")
    _ = log.describe()
  }

  /// The folder holds what this reader wrote alone: the files of others would come first.
  private static func ratings(_ name: String, _ files: [String], _ path: String = "") -> Reader {
    Reader("ratings-\(name)", files) { folder in
      check(try RatingsSource.load(folder + path))
    }
  }

  private static let sessions = [
    sessions("three", ["gen_click.txt", "gen_action.txt", "gen_reward.txt"]),
    sessions("semicolon", ["output.txt"]),
    sessions("lines", ["train_sessions.txt", "test_sessions.txt"]),
    sessions("clicks", ["train-queries.csv", "train-clicks.csv", "train-purchases.csv"]),
    sessions("views", ["train-item-views.csv", "train-purchases.csv"]),
    sessions("yoochoose", ["yoochoose-clicks.dat", "yoochoose-buys.dat"]),
    Reader("simulator-tabular", ["score.txt", "prob.txt"]) {
      let world = try TabularWorld(reading: $0)
      _ = world.begin(1, seed: 1)
    },
    Reader("simulator-lstm", ["manifest.json", "env.embedding.embedding.weight.f32"]) {
      _ = try LSTMWorld.read($0, dropout: 0, on: CPUBackend())
    },
  ]

  private static func sessions(_ name: String, _ files: [String]) -> Reader {
    Reader("sessions-\(name)", files) { folder in
      for repairs in [[], [.dropSessions, .appendClicks, .mergeDuplicates]]
        as [SessionOptions.Repairs]
      {
        var options = SessionOptions()
        options.repairs = repairs
        if !repairs.isEmpty { (options.listSize, options.maximumLength) = (2, 5) }
        if !repairs.isEmpty { options.longSessions = .cut }
        guard let log = try? SessionSource.load(folder, options) else { continue }
        require(log.clicks.allSatisfy { 0..<log.itemCount ~= Int($0) }, "a click on no item")
        _ = log.describe()
      }
      _ = try? SessionSource.loadNextItems(folder)
      _ = try SessionSource.load(folder)
    }
  }

  private static let decisions = [
    Reader("feedback", ["log.csv"]) {
      let log = try LoggedFeedback.read(csv: "\($0)/log.csv")
      require(log.actions.allSatisfy { 0..<log.actionCount ~= Int($0) }, "an action that is none")
      _ = log.summary
    },
    Reader("dsjson", ["log.dsjson"]) {
      try judge(LoggedFeedback.read(dsjson: "\($0)/log.dsjson"))
    },
    Reader("criteo", ["criteo.txt"]) {
      let path = "\($0)/criteo.txt"
      let bare = try? LoggedFeedback.read(criteo: path, features: false)
      let log = try LoggedFeedback.read(criteo: path)
      require(bare?.propensities == log.propensities, "features that change what was logged")
      try judge(log)
    },
    Reader("open-bandit", ["bts/men/men.csv", "bts/men/item_context.csv"]) {
      _ = try OpenBandit($0).read(.bts, .men).summary
    },
    Reader("policy", ["policy.csv", "log.csv"]) {
      let log = try LoggedFeedback.read(csv: "\($0)/log.csv")
      _ = try PolicyFile.read("\($0)/policy.csv", for: log)
    },
    Reader("trajectories", ["sessions.csv", "state.csv"]) {
      let log = try Trajectories.read(csv: "\($0)/sessions.csv")
      _ = try StatePolicy.read("\($0)/state.csv", for: log)
    },
    Reader("mdp", ["mdp.csv", "start.csv"]) {
      let read = try ProcessFile.read("\($0)/mdp.csv", start: "\($0)/start.csv")
      _ = read.process.valueIteration(limit: 10)
    },
  ]

  /// Uses all of a log: what each decision could choose from, and a reward model of its features.
  private static func judge(_ log: LoggedFeedback) throws {
    for row in 0..<log.count {
      require(0..<log.choiceCount(row) ~= Int(log.actions[row]), "an action that is none")
    }
    _ = log.summary
    guard log.count <= 20, log.context.width + log.actionFeatures.width <= 64 else { return }
    var configuration = OffPolicyConfiguration()
    (configuration.resamples, configuration.model.folds) = (40, 2)
    configuration.model.regularization = 1
    _ = try log.evaluate([UniformTarget(), GreedyTarget()], configuration)
  }

  private static let served = [
    Reader("served", ["log/feedback-000001.jsonl", "log/state.json", "log/learned.json"]) {
      let folder = "\($0)/log"
      _ = try? FeedbackReader(folder: folder).forEach { _, _ in }
      try seal("\(folder)/feedback-000001.jsonl")
      let log = try ServedDecisions(log: folder)
      for decision in log.decisions {
        require(decision.feedback.count == decision.list.items.count, "feedback to no item")
        _ = log.known(of: decision.list)
      }
      let users = try FeedbackStore(folder: folder).userCount
      require(users == log.state.users.count, "a state that the log does not tell")
    },
    Reader("promotions", ["model.history/promotions.jsonl"]) {
      _ = try PromotionHistory(of: "\($0)/model").records
    },
  ]

  /// Gives each line of a feedback log the checksum of what stands before it: chance does not.
  private static func seal(_ path: String) throws {
    let (key, end) = (Array(",\"crc\":\"".utf8), Array("\"}".utf8))
    var sealed: [UInt8] = []
    for line in (FileManager.default.contents(atPath: path) ?? Data()).split(separator: 10) {
      let hasChecksum = line.count >= 18 && line.suffix(18).starts(with: key)
      let body = Array(hasChecksum ? line.dropLast(18) : line)
      var checksum = Checksum()
      checksum.update(body)
      sealed += body + key + Array(checksum.text.utf8) + end + [10]
    }
    sealed.withUnsafeBytes { write($0, to: path) }
  }

  private static let stored = [
    Reader("safetensors", ["a.safetensors"]) {
      let path = "\($0)/a.safetensors"
      let file = try SafetensorsFile(contentsOf: path, requireChecksum: false)
      require(file.metadata.count >= 0, "")
      _ = try VirtualTaobaoNetworks(contentsOf: path)
    },
    Reader("configuration", ["config.json", "runs.json"]) {
      let folder = RunFolder($0)
      let settings = Result { try Algorithms.settings(of: folder)?.validate() }
      _ = try folder.readGroup()
      try settings.get()
    },
    Reader("metrics", ["run/config.json", "run/metrics.jsonl"]) {
      let folder = RunFolder("\($0)/run")
      _ = try RunSummary.all(below: folder.path)
      for run in try MeasuredRun.all(in: folder) { _ = run.reached }
      _ = try WatchedRun(folder, curves: 4).heading
      var report = try RunReport([folder], on: CPUBackend())
      report.episodes = 0
      _ = try report.html()
    },
    Reader("report", ["report/report.json"]) {
      _ = try RunReport([RunFolder("\($0)/report")], on: CPUBackend()).html()
    },
    Reader("search", ["space.yaml"]) { _ = try SearchSpace("\($0)/space.yaml") },
    Reader("options", ["options.yaml"]) {
      _ = try ConfigFile("\($0)/options.yaml").expand(["train", "dqn"])
    },
    Reader("model", ["model.json", "items.json", "users.json", "weights.safetensors"]) {
      _ = try ExportedModel(folder: $0)
    },
    Reader("tuning", ["tuning"]) { folder in
      let bytes = FileManager.default.contents(atPath: folder + "/tuning") ?? Data()
      let info = DeviceInfo(
        id: .openCL(platform: 0, index: 0), kind: .gpu, name: "A device", driver: "driver 1",
        memoryBytes: 1, computeUnits: 1)
      let traits = DeviceTraits(vendor: "A vendor", localBytes: 48 << 10, vectorWidth: 1)
      // Its file is named by the device, which a first profile tells.
      let path = try OpenCLTuning.store(
        .default(isCPU: false, traits: traits), info, isCPU: false, folder: folder)
      _ = FileManager.default.createFile(atPath: path, contents: bytes)
      _ = OpenCLTuning(info, traits, isCPU: false, folder: folder).tuning
    },
    Reader("kernels", ["entry"]) { folder in
      let bytes = FileManager.default.contents(atPath: folder + "/entry") ?? Data()
      let cache = OpenCLBinaryCache(key: "a key", name: "name", folder: folder)
      if !FileManager.default.fileExists(atPath: cache.path) { cache.store([1, 2, 3]) }
      _ = FileManager.default.createFile(atPath: cache.path, contents: bytes)
      _ = cache.load()
    },
  ]
}
