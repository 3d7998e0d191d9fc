import ArgumentParser
import DRR
import Kernels
import Tensor

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A DDPG update of DRR-ave and a whole training step: seconds, and what they ask of the device.
struct Updates: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Time one DDPG update and one training step.",
    discussion: """
      CPU seconds are those of the process, all threads; a step is a recommendation, its reward, \
      the memory and one update. The ratings are generated:small, of MovieLens 100K's size.

      Examples:
        swift run -c release bench updates
        swift run -c release bench updates --device opencl --json
      """)

  @Option(help: "cpu or opencl[:P:D].")
  var device = "cpu"
  @Option(help: "Width of the hidden layers.")
  var hidden = 128
  @Option(help: "Transitions an update.")
  var batch = 64
  @Option(help: "k, the length of the vectors.")
  var dimension = 100
  @Option(help: "Updates, and steps, a round.")
  var count = 500
  @Option(help: "Rounds; the median is reported.")
  var rounds = 7
  @Flag(help: "Print JSON.")
  var json = false

  struct Figures: Encodable {
    var device: String
    var driver: String
    var threads = 1
    var hidden: Int
    var batch: Int
    var k: Int
    var parameters: Int
    var cpuSecondsPerUpdate: Double
    var secondsPerUpdate: Double
    var secondsPerUpdateRange: [Double]
    var cpuSecondsPerStep: Double
    var secondsPerStep: Double
    var secondsPerStepRange: [Double]
    var deviceCallsPerUpdate: Int
    var launchesPerUpdate: Int
    var writesPerUpdate: Int
    var syncsPerUpdate: Int
    var freshBuffersPerUpdate: Int
  }

  func run() throws {
    guard let request = DeviceRequest(device), request != .auto else {
      throw ValidationError("--device is \(device); it must be cpu or opencl[:P:D].")
    }
    let backend = try DeviceCatalog.backend(for: DeviceCatalog.resolve(request))
    let trainer = try makeTrainer(on: backend)
    for _ in 0..<2 * batch { try trainer.advance() }

    let before = backend.counters
    let measured = 100
    for _ in 0..<measured { _ = trainer.update() }
    try backend.synchronize()
    let counts = backend.counters - before
    let updates = try timed(backend) { _ = trainer.update() }
    let steps = try timed(backend) { try trainer.advance() }
    let info = backend.device
    let networks = [trainer.agent.ddpg.actor.parameters, trainer.agent.ddpg.critic.parameters]
    let figures = Figures(
      device: "\(info.id): \(info.name)", driver: info.driver, hidden: hidden, batch: batch,
      k: dimension,
      parameters: networks.flatMap(\.parameters).reduce(0) { $0 + $1.shape.count },
      cpuSecondsPerUpdate: updates.cpu.median, secondsPerUpdate: updates.wall.median,
      secondsPerUpdateRange: [updates.wall.min()!, updates.wall.max()!],
      cpuSecondsPerStep: steps.cpu.median, secondsPerStep: steps.wall.median,
      secondsPerStepRange: [steps.wall.min()!, steps.wall.max()!],
      deviceCallsPerUpdate: (counts.launches + counts.writes) / measured,
      launchesPerUpdate: counts.launches / measured, writesPerUpdate: counts.writes / measured,
      syncsPerUpdate: (counts.syncs - 1) / measured,
      freshBuffersPerUpdate: counts.freshBuffers / measured)
    if json { return print(try RunFolder.json(["ddpg": figures], pretty: true)) }
    func milliseconds(_ seconds: Double) -> String { "\(decimal(seconds * 1e3, 3)) ms" }
    func row(_ name: String, _ cpu: Double, _ wall: Double, _ range: [Double]) {
      print(
        "\(name): \(milliseconds(wall)) (\(milliseconds(range[0])) to \(milliseconds(range[1]))), "
          + "CPU \(milliseconds(cpu))")
    }
    print(
      "\(figures.device), \(figures.driver)\nDRR-ave, batch \(batch), k \(dimension), hidden "
        + "\(hidden), \(figures.parameters) weights; median of \(rounds) rounds of \(count)")
    row(
      "update", figures.cpuSecondsPerUpdate, figures.secondsPerUpdate, figures.secondsPerUpdateRange
    )
    row("step", figures.cpuSecondsPerStep, figures.secondsPerStep, figures.secondsPerStepRange)
    print(
      "an update: \(figures.deviceCallsPerUpdate) device calls (\(figures.launchesPerUpdate) "
        + "launches, \(figures.writesPerUpdate) writes), \(figures.syncsPerUpdate) waits, "
        + "\(figures.freshBuffersPerUpdate) fresh buffers")
  }

  /// Past its exploration and before its end, on vectors that were drawn, not fitted.
  private func makeTrainer(on backend: any Backend) throws -> DRRTrainer {
    let log = GeneratedRatings.generate(size: .small)
    let split = UserSplit(log, EvaluationProtocol())
    let scale = RewardScale.fiveStars
    var random = Philox(seed: 0, stream: 0)
    func draws(_ count: Int) -> [Float] { (0..<count).map { _ in 0.05 * random.normal() } }
    let model = PMFModel(
      dimension: dimension, mean: 0, userFactors: draws(log.userCount * dimension),
      itemFactors: draws(log.itemCount * dimension), userBiases: draws(log.userCount),
      itemBiases: draws(log.itemCount))
    var configuration = DRRConfiguration()
    configuration.ddpg.hidden = hidden
    configuration.ddpg.batchSize = batch
    configuration.learningStarts = batch
    configuration.steps = 1_000_000_000
    let environment = try RatingEnvironment(
      log: log, split: split, model: model,
      statistics: ItemStatistics(log, split, scale: scale), window: configuration.window,
      sessionLength: configuration.sessionLength, scale: scale, seed: 0)
    return try DRRTrainer(configuration, environment: environment, seed: 0, on: backend)
  }

  /// Seconds a call, by the clock and of all threads, a value a round.
  private func timed(
    _ backend: any Backend, _ body: () throws -> Void
  ) throws -> (wall: [Double], cpu: [Double]) {
    var (wall, cpu): ([Double], [Double]) = ([], [])
    for _ in 0..<rounds {
      let (start, busy) = (ContinuousClock.now, processSeconds())
      for _ in 0..<count { try body() }
      try backend.synchronize()
      wall.append((ContinuousClock.now - start).seconds / Double(count))
      cpu.append((processSeconds() - busy) / Double(count))
    }
    return (wall, cpu)
  }
}

/// CPU seconds of this process so far, user and system.
private func processSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

extension [Double] {
  fileprivate var median: Double { sorted()[count / 2] }
}
