import ArgumentParser
import DRR
import Tensor

/// Whole updates: seconds, what they ask of the device, and what their products alone would take.
struct Updates: MeasuringCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Time updates of DDPG and DQN, a step, PMF's epochs, IRecGAN's batches, many tables, bandits.",
    discussion: """
      A step is a recommendation, its reward, the memory and one update. Beside an update stand its \
      own matrix products by OpenBLAS alone, in turn with it, and with --reference a PyTorch \
      program of the same algorithm (bench/peers/drr_reference.py tells which). The ratings are \
      generated: of MovieLens 100K's size, and of MovieLens 1M's for PMF, which LIBMF stands beside. \
      So are IRecGAN's sessions: five clicks of 99 items, or for the preset paper 2.8 in the mean, \
      up to 40, of 40,000; its user model's epochs stand beside PyTorch's \
      (bench/peers/torch_sessions.py). Deep Q-learning over a catalogue of MovieLens 100K's size \
      stands beside PyTorch's (bench/peers/torch_dqn.py), SlateQ beside PyTorch's \
      (bench/peers/torch_slateq.py); a bandit's step, a choice and what is \
      learned of its reward, beside MABWiser's (bench/peers/mabwiser_bandits.py). A pass of many tables \
      stands beside the 927 updates a second of the program that they were published with.

      Examples:
        drr bench updates --threads 1
        drr bench updates --device opencl --json
        drr bench updates --threads 1 --reference FOLDER --data ml-100k.zip
      """)
  static let goesByCore = true

  @OptionGroup var measuring: MeasuringOptions
  @Option(help: "Width of the hidden layers; give it again for more.")
  var hidden = [128, 300]
  @Option(help: "Transitions an update; give it again for more.")
  var batch = [64]
  @Option(help: "k, the length of the vectors.")
  var dimension = 100
  @Option(help: "k of a PMF epoch; give it again for more.")
  var pmf = [32, 100]
  @Option(help: "The ratings of PMF's epochs.")
  var pmfData = "generated:medium"
  @Option(help: "Epochs after which PMF's error on a tenth of the ratings is told.")
  var pmfEpochs = 20
  @Option(help: "A preset of IRecGAN; give it again for more.")
  var irecgan = ["small", "paper"]
  @Option(help: "The ratings of a pass of many tables; give it again for more.")
  var multiTableData = ["generated:small"]
  @Flag(help: "Leave DDPG out.")
  var noDdpg = false
  @Flag(help: "Leave PMF out.")
  var noPmf = false
  @Flag(help: "Leave IRecGAN out.")
  var noIrecgan = false
  @Flag(help: "Leave many tables out.")
  var noMultiTable = false
  @Flag(help: "Leave bandits out.")
  var noBandits = false
  @Flag(help: "Leave deep Q-learning and SlateQ out.")
  var noDqn = false
  @Option(help: "The folder of the PyTorch program.")
  var reference: String?
  @Option(help: "MovieLens 100K for the PyTorch program: its .zip or u.data.")
  var data: String?

  func validate() throws {
    try requireSizes([
      ("hidden", hidden), ("batch", batch), ("dimension", [dimension]), ("pmf", pmf),
      ("pmf-epochs", [pmfEpochs]),
    ])
    for name in irecgan where IRecGANPreset(rawValue: name) == nil {
      let names = IRecGANPreset.allCases.map(\.rawValue).joined(separator: " or ")
      throw ValidationError("--irecgan is \(name); it must be \(names).")
    }
    guard (reference == nil) == (data == nil) else {
      throw ValidationError("--reference and --data go together; give both, or neither.")
    }
  }

  func figures(in room: Room) throws -> [Figure] {
    let hidden = noDdpg ? [] : hidden
    room.begin(
      hidden.count * batch.count + (noPmf ? 0 : pmf.count)
        + (noIrecgan ? 0 : 4 * irecgan.count + 1) + (noMultiTable ? 0 : multiTableData.count)
        + (noDqn ? 0 : 2) + (noBandits ? 0 : 1))
    var figures: [Figure] = []
    for hidden in hidden {
      for batch in batch {
        room.step("DDPG, hidden \(hidden), batch \(batch)")
        figures += try ddpg(
          MeasuredTrainer(hidden: hidden, batch: batch, dimension: dimension), in: room)
      }
    }
    if !noPmf { figures += try epochs(in: room) }
    if !noIrecgan { figures += try irecganFigures(in: room) }
    if !noMultiTable { figures += try multiTableFigures(in: room) }
    if !noBandits {
      room.step("bandits")
      figures += try banditFigures(in: room)
    }
    if !noDqn { figures += try deepFigures(in: room) + slateFigures(in: room) }
    return figures
  }

  private func ddpg(_ measured: MeasuredTrainer, in room: Room) throws -> [Figure] {
    let trainer = try measured.make(on: room.backend)
    for _ in 0..<2 * measured.batch { try trainer.advance() }
    let counts = try room.counts(of: 100) { _ = trainer.update() }
    let stepCounts = try room.counts(of: 100) { try trainer.advance() }
    let products = measured.products
    var works = [
      room.work("update") { _ = trainer.update() }, room.work("step") { try trainer.advance() },
    ]
    let threads = room.threads
    let blas = room.isProcessor ? HostProducts(products) : nil
    if let blas { works.append(Work("its products") { blas.run(threads: threads) }) }
    let (samples, answer) = try room.measure(works, beside: peer(measured, in: room))

    let networks = [trainer.agent.ddpg.actor.parameters, trainer.agent.ddpg.critic.parameters]
    let weights = networks.flatMap(\.parameters).reduce(0) { $0 + $1.shape.count }
    let sizes = "hidden \(measured.hidden), batch \(measured.batch)"
    var update = Figure(
      "updates", "DDPG update, \(sizes)", samples[0], flops: products.reduce(0) { $0 + $1.flops },
      in: room)
    update.counts = counts
    update.values = ["weights": Double(weights)]
    if blas != nil, let ours = update.time {
      update.add(peer: "OpenBLAS, its products alone", samples[2])
      let theirs = Spread(room.goesByCPU ? samples[2].cpu : samples[2].wall)!
      update.values!["times its products alone"] = ours.median / theirs.median
    }
    var step = Figure("updates", "training step, \(sizes)", samples[1], in: room)
    step.counts = stepCounts
    if let answer {
      if let theirs = answer["update"] { update.add(peer: answer.peer, theirs) }
      if let theirs = answer["step"] { step.add(peer: answer.peer, theirs) }
    }
    return [update, step]
  }

  private func peer(_ measured: MeasuredTrainer, in room: Room) -> Peer? {
    guard let reference, let data, room.isProcessor else { return nil }
    return room.peer(
      "the PyTorch DRR reference", "drr_reference.py",
      [
        reference, "--data", data, "--hidden", "\(measured.hidden)", "--batch",
        "\(measured.batch)", "--dimension", "\(measured.dimension)", "--peer",
      ])
  }
}
