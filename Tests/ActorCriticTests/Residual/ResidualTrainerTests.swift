import ActorCritic
import Agents
import DRRData
import DRRTestSupport
import Environments
import Factorization
import Tensor
import TestSupport
import Testing

@Suite("Training of the residual agent")
struct ResidualTrainerTests {
  private static func state(_ trainer: ResidualTrainer) throws -> [UInt8] {
    var file = SafetensorsWriter()
    try trainer.save(to: &file)
    return try file.bytes()
  }

  private static func file(_ trainer: ResidualTrainer) throws -> SafetensorsFile {
    try SafetensorsFile(bytes: state(trainer), name: "state")
  }

  /// Runs to `end`; at every sixth step a report.
  private static func run(
    _ trainer: ResidualTrainer, to end: Int, save: (Int) throws -> Void = { _ in }
  ) throws -> [TrainingProgress] {
    var reports: [TrainingProgress] = []
    while trainer.step < end {
      try trainer.advance()
      if trainer.step % 6 == 0 { reports.append(try trainer.report()) }
      try save(trainer.step)
    }
    return reports
  }

  /// Cloning ends at 12, learning starts after 24, the replay of 24 turns at 36, the ring of state
  /// vectors before 100; sessions have seven items.
  @Test(
    "stopped anywhere, restored and continued, a run is the same to the bit",
    arguments: TestDevices.all, [TrainingWorld.log, .pmf])
  func resume(_ device: TestDevice, world: TrainingWorld) throws {
    let isLong = device.name == "cpu"
    let stops: Set =
      isLong ? [0, 1, 5, 12, 15, 24, 27, 30, 33, 36, 54, 72, 75, 78, 96] : [5, 12, 27]
    let end = isLong ? 102 : 36
    for consecutive in isLong ? [0, 0.5] : [0.5] as [Float] {
      func make() throws -> ResidualTrainer {
        try ResidualWorlds.trainer(
          ResidualWorlds.drr { $0.world = world }, consecutive: consecutive, on: device.make())
      }
      let whole = try make()
      var saved = [0: try Self.state(whole)]
      let reports = try Self.run(whole, to: end) {
        if stops.contains($0) { saved[$0] = try Self.state(whole) }
      }
      let final = try Self.state(whole)
      #expect(saved.count == stops.union([0]).count)
      for stop in stops {
        let resumed = try make()
        // What a fresh trainer did before must not matter.
        _ = try Self.run(resumed, to: 18)
        try resumed.restore(from: SafetensorsFile(bytes: saved[stop]!, name: "checkpoint"))
        #expect(resumed.step == stop)
        #expect(try Self.state(resumed) == saved[stop], "restored at \(stop)")
        let rest = try Self.run(resumed, to: end)
        #expect(try Self.state(resumed) == final, "continued from \(stop)")
        #expect(rest == reports.filter { $0.step > stop }, "reports from \(stop)")
      }
    }
  }

  @Test("one seed is one run, another seed another", arguments: TestDevices.all)
  func seeds(_ device: TestDevice) throws {
    func run(_ seed: UInt64) throws -> [UInt8] {
      let trainer = try ResidualWorlds.trainer(seed: seed, on: device.make())
      _ = try Self.run(trainer, to: 33)
      return try Self.state(trainer)
    }
    let first = try run(5)
    #expect(try run(5) == first)
    #expect(try run(6) != first)
  }

  /// Cloning has the actor's loss alone; before learning starts there is none; every second update
  /// leaves the actor out.
  @Test("a report has the losses of what has just been done")
  func reports() throws {
    let trainer = try ResidualWorlds.trainer(on: CPUBackend())
    while trainer.step < 39 {
      try trainer.advance()
      let report = try trainer.report()
      // The updates of a step are those from what was remembered before it.
      let update = trainer.step < 30 ? nil : (trainer.step - 30) / 3
      #expect((report.criticLoss != nil) == (update != nil), "step \(trainer.step)")
      let movesActor = trainer.step <= 12 || update.map { $0 % 2 == 0 } ?? false
      #expect((report.actorLoss != nil) == movesActor, "step \(trainer.step)")
      #expect(trainer.step > 12 || report.reward == 0)
    }
  }

  @Test(
    "users meet items as their fold sees them, and may be shown what is left",
    arguments: [TrainingWorld.log, .pmf, .items])
  func sessions(_ world: TrainingWorld) throws {
    let model = try BeliefWorlds.model
    let trainer = try ResidualWorlds.trainer(
      ResidualWorlds.drr { $0.world = world }, on: CPUBackend())
    #expect(try trainer.items.host() == (0..<3).flatMap { model.vectors($0, then: 5) })
    let logged = LoggedRewards(Worlds.tiny, scale: .fiveStars) { Worlds.tiny.rows(ofUser: $0) }
    for trainee in trainer.trainees {
      let rated = Worlds.tiny.rows(ofUser: Int(trainee.user)).map { Worlds.tiny.items[$0] }
      #expect(trainee.profile.map(\.item) + trainee.session.map(\.item) == rated)
      #expect(abs(trainee.profile.count - trainee.session.count) <= 1)
      #expect(trainee.session.count >= 10 && trainee.fold == model.fold(ofUser: trainee.user))
    }
    _ = try Self.run(trainer, to: 12)
    var outside = 0
    for _ in 0..<24 {
      try trainer.advance()
      let file = try Self.file(trainer)
      let indices = try file.int64s("trainer.trainees").map { Int($0) }
      let rows = try file.int32s("trainer.rows").map { Int($0) }
      var shown = try file.int32s("trainer.shown")[...]
      let vectors = try file.floats("trainer.states")
      for (place, count) in try file.int64s("trainer.shown_counts").enumerated() {
        let trainee = trainer.trainees[indices[place]]
        let seen = shown.prefix(Int(count))
        shown = shown.dropFirst(Int(count))
        let row = rows[place * 6..<place * 6 + 6]
        let candidates = row.dropFirst().map { Int32($0 - trainee.fold * 120) }
        #expect(candidates.allSatisfy { (0..<120).contains($0) && !seen.contains($0) })
        let own = Set(trainee.session.map(\.item))
        if world == .log {
          #expect(own.isSuperset(of: candidates + seen))
        } else {
          outside += candidates.count { !own.contains($0) }
        }
        guard seen.allSatisfy({ logged.reward(user: Int(trainee.user), item: $0) != nil }) else {
          continue
        }
        var belief = trainee.belief(model)
        for item in seen {
          let reward = logged.reward(user: Int(trainee.user), item: item)!
          belief.observe(item, reward, fold: trainee.fold)
        }
        let last =
          seen.last.map { model.itemVector(Int($0), fold: trainee.fold) }
          ?? [Float](repeating: 0, count: 17)
        let none = [Float](repeating: 0, count: 5)
        let width = trainer.agent.stateWidth
        let vector = vectors[row.first! * width..<(row.first! + 1) * width]
        #expect(Array(vector.prefix(44)) == belief.action() + none + last + none)
      }
    }
    #expect((outside > 0) == (world != .log))
  }

  /// Users with one to four ratings of six items: sessions end when nothing is left.
  @Test(
    "sessions as short as can be", arguments: [TrainingWorld.log, .pmf], [2, 5, 1_024])
  func short(world: TrainingWorld, candidates: Int) throws {
    var rows = (users: [Int32](), items: [Int32](), ratings: [Float]())
    for user in 0..<24 as Range<Int32> {
      for place in 0...user % 4 {
        rows.users.append(user)
        rows.items.append((user + place) % 6)
        rows.ratings.append(Float(1 + (user + 2 * place) % 5))
      }
    }
    let log = RatingsLog(name: "short", users: rows.users, items: rows.items, ratings: rows.ratings)
    var evaluation = EvaluationProtocol()
    evaluation.minimumCandidates = 1
    evaluation.cutoffs = [1]
    let model = try BeliefModel(
      BeliefWorlds.configuration, log, UserSplit(log, evaluation), scale: .fiveStars, seed: 1)
    for length in [1, 2] {
      let drr = ResidualWorlds.drr {
        $0.world = world
        $0.sessionLength = length
        $0.residual.candidates = candidates
      }
      let trainer = try ResidualWorlds.trainer(
        drr, log: log, model: model, evaluation: evaluation, on: CPUBackend())
      _ = try Self.run(trainer, to: 60)
      #expect(try trainer.isFinite() && trainer.step == 60)
    }
  }

  @Test("training that nobody can take part in is refused in words")
  func refused() throws {
    func message(
      _ change: (inout ResidualAgentConfiguration, inout EvaluationProtocol) -> Void
    ) -> String {
      var (drr, evaluation) = (ResidualWorlds.drr(), BeliefWorlds.evaluation)
      change(&drr, &evaluation)
      do {
        _ = try ResidualWorlds.trainer(drr, evaluation: evaluation, on: CPUBackend())
        return "nothing"
      } catch { return "\(error)" }
    }
    #expect(message { _, _ in } == "nothing")
    for message in [
      message { drr, _ in drr.sessionLength = 500 },
      message { _, evaluation in evaluation.minimumCandidates = 500 },
    ] {
      #expect(message.hasPrefix("no training user has a session of 500 items, "), "\(message)")
      #expect(message.contains("; lower --minimum-candidates or --session-length, both to "))
    }
    #expect(
      message { drr, _ in drr.residual.candidates = 1 }
        == "candidates is 1; it must be 2 ... 1024")
    #expect(
      ResidualTrainerTests.validation { $0.cloningSteps = .max }
        == "cloning steps is \(Int.max); it must be 0 ... 1,000,000,000")
    #expect(ResidualTrainerTests.validation { $0.temperature = 0 }.hasPrefix("temperature is 0"))
  }

  private static func validation(_ change: (inout ResidualConfiguration) -> Void) -> String {
    var residual = ResidualConfiguration()
    change(&residual)
    do {
      try residual.validate()
      return "nothing"
    } catch { return "\(error)" }
  }

  @Test("a checkpoint of other sizes is refused and changes nothing")
  func otherSizes() throws {
    let trainer = try ResidualWorlds.trainer(on: CPUBackend())
    _ = try Self.run(trainer, to: 33)
    let before = try Self.state(trainer)
    for change: (inout ResidualAgentConfiguration) -> Void in [
      { $0.residual.candidates = 6 }, { $0.residual.hidden = 9 }, { $0.environments = 4 },
      { $0.ddpg.replayCapacity = 25 }, { $0.ddpg.twinCritics = false },
    ] {
      let other = try ResidualWorlds.trainer(ResidualWorlds.drr(change), on: CPUBackend())
      _ = try Self.run(other, to: 30)
      let file = try Self.file(other)
      #expect(throws: CheckpointError.self) { try trainer.restore(from: file) }
      #expect(try Self.state(trainer) == before)
    }
  }

  /// Of an update that leaves the actor out and one that does not.
  @Test("an update launches so much and asks for nothing else", arguments: TestDevices.all)
  func counts(_ device: TestDevice) throws {
    let backend = try device.make()
    let trainer = try ResidualWorlds.trainer(on: backend)
    _ = try Self.run(trainer, to: 60)
    for _ in 0..<2 {
      let launches = (0..<2).map { _ in
        let before = backend.counters
        trainer.update()
        let update = backend.counters - before
        #expect(update == Counters(launches: update.launches, arguments: update.arguments))
        return update.launches
      }
      #expect(launches.sorted() == (device.name == "cpu" ? [26, 37] : [28, 40]))
    }
  }
}
