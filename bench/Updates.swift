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

  @OptionGroup var training: TrainerOptions
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
    let backend = try training.backend()
    let (batch, dimension, hidden) = (training.batch, training.dimension, training.hidden)
    let trainer = try training.trainer(on: backend)
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
