import DRR
import Tensor

/// IRecGAN's batches, epochs of its user model beside PyTorch's, sessions and roll-outs.
extension Updates {
  static let userModels = [(layers: 1, units: 64), (layers: 2, units: 128)]

  func irecganFigures(in room: Room) throws -> [Figure] {
    var figures: [Figure] = []
    for name in irecgan {
      // As many sessions as make epochs of some batches.
      let measured =
        name == "paper"
        ? MeasuredSessions(preset: .paper, sessions: 320) : MeasuredSessions(sessions: 2_000)
      for network in MeasuredSessions.Network.allCases {
        room.step("IRecGAN \(network.rawValue), \(name)")
        figures.append(try batch(of: network, name, measured, in: room))
      }
      room.step("IRecGAN sessions, \(name)")
      figures += try rollOuts(name, measured, in: room)
    }
    room.step("IRecGAN user model, epochs")
    return figures + (try userModelEpochs(in: room))
  }

  private func batch(
    of network: MeasuredSessions.Network, _ name: String, _ measured: MeasuredSessions,
    in room: Room
  ) throws -> Figure {
    let trainer = try measured.trainer(of: network, on: room.backend)
    // A whole epoch, and the batch that makes the next one's.
    while try trainer.advance() == nil {}
    _ = try trainer.advance()
    let counts = try room.counts(of: 4) { _ = try trainer.advance() }
    var harness = room.harness
    harness.mostSeconds = 10
    let samples = try harness.measure([room.work("batch") { _ = try trainer.advance() }])[0]
    var figure = Figure("updates", "IRecGAN \(network.rawValue) batch, \(name)", samples, in: room)
    figure.counts = counts
    return figure
  }

  private func rollOuts(
    _ name: String, _ measured: MeasuredSessions, in room: Room
  ) throws -> [Figure] {
    let trainer = try measured.trainer(of: .discriminator, on: room.backend)
    let (rollOuts, configuration) = (trainer.rollOuts, trainer.configuration)
    var random = Philox(seed: 2, stream: 0)
    let starts = (0..<(name == "paper" ? 64 : 400)).map { _ in
      Int32(random.index(below: measured.items))
    }
    func draws() -> DrawSequence { DrawSequence(seed: 3, stream: 0) }
    var (once, again) = (draws(), draws())
    let all = try rollOuts.sessions(from: starts, &once)
    // Each length of a prefix is a pass of its own, of up to as many steps as a session may have.
    let log = all.selecting((0..<all.count).filter { all.steps(of: $0).count <= 5 })
    let prefixes = (0..<log.count).reduce(0) { $0 + max(0, log.steps(of: $1).count - 2) }
    let works = [
      room.work("sessions") {
        var draws = draws()
        _ = try rollOuts.sessions(from: starts, &draws)
      },
      room.work("realness") {
        var draws = draws()
        _ = try rollOuts.realness(of: log, by: trainer.discriminator, &draws)
      },
    ]
    let counts = try [
      room.counts(of: 1) { _ = try rollOuts.sessions(from: starts, &again) },
      room.counts(of: 1) {
        _ = try rollOuts.realness(of: log, by: trainer.discriminator, &again)
      },
    ]
    var harness = room.harness
    harness.mostSeconds = 10
    let samples = try harness.measure(works)
    let rates = [
      ("sessions/s", Double(all.count)),
      ("roll-outs/s", Double(prefixes * configuration.rollOuts)),
    ]
    let titles = ["\(all.count) simulated sessions", "q_D of \(prefixes) prefixes"]
    return zip(titles, zip(samples, zip(counts, rates))).map { title, found in
      let (samples, (counts, (unit, amount))) = found
      var figure = Figure("updates", "IRecGAN \(title), \(name)", samples, in: room)
      figure.counts = counts
      figure.values = [
        unit: amount / (figure.time?.median ?? .infinity),
        "steps a session": Double(all.stepCount) / Double(all.count),
      ]
      return figure
    }
  }

  /// The user model as the peer has it: nothing is dropped, and there is no reward head.
  private func userModelEpochs(in room: Room) throws -> [Figure] {
    let measured = MeasuredSessions()
    let trainers = try Self.userModels.map { layers, units in
      try measured.trainer(of: .user, on: room.backend) { configuration in
        configuration.user = .init(units: units, layers: layers)
        configuration.userRewardWeight = 0
        configuration.averagingRate = 1
      }
    }
    func epoch(_ trainer: IRecGANTrainer) throws { while try trainer.advance() == nil {} }
    for trainer in trainers { try epoch(trainer) }
    let counts = try trainers.map { trainer in try room.counts(of: 1) { try epoch(trainer) } }
    let names = Self.userModels.map { "user \($0.layers)x\($0.units)" }
    let peer =
      room.isProcessor
      ? room.peer(
        "PyTorch on sessions", "torch_sessions.py",
        names.flatMap { ["--case", $0] } + ["--sessions", "\(measured.sessions)"]) : nil
    let works = zip(names, trainers).map { name, trainer in room.work(name) { try epoch(trainer) } }
    let (samples, answer) = try room.measure(works, beside: peer)
    return names.indices.map { place in
      let (layers, units) = Self.userModels[place]
      var figure = Figure(
        "updates",
        "IRecGAN user model epoch, \(layers) × \(units), \(measured.sessions) sessions",
        samples[place], in: room)
      figure.counts = counts[place]
      figure.values = [
        "sessions/s": Double(measured.sessions) / (figure.time?.median ?? .infinity)
      ]
      if let answer, let theirs = answer[names[place]] {
        figure.add(peer: answer.peer, theirs)
      }
      return figure
    }
  }
}
