import ActorCritic
import Tensor
import TestSupport
import Testing

@Suite("Exploration noise")
struct ExplorationNoiseTests {
  private static func noise(
    _ kind: ExplorationKind, rows: Int, on backend: any Backend, deviation: Float = 0.2
  ) -> ExplorationNoise {
    var configuration = DRRConfiguration()
    configuration.exploration = kind
    configuration.explorationDeviation = deviation
    configuration.explorationReversion = 0.25
    return ExplorationNoise(configuration, rows: rows, width: 50, seed: 4, on: backend)
  }

  private static func draws(_ step: Int, rows: Int, on backend: any Backend) throws -> [Double] {
    try Tensor.normal(
      [rows, 50], deviation: 0.2, RandomKey(seed: 4, stream: 20, counter: UInt64(step)),
      on: backend
    ).doubles()
  }

  @Test("Gaussian noise is added and kept within ±1", arguments: TestDevices.all)
  func gaussian(_ device: TestDevice) throws {
    let backend = try device.make()
    let noise = Self.noise(.gaussian, rows: 40, on: backend)
    let actions = Tensor(repeating: 0.25, shape: [40, 50], on: backend)
    noise.apply(to: actions, step: 3)
    let added = try actions.doubles().map { $0 - 0.25 }
    let mean = added.reduce(0, +) / 2_000
    let deviation = (added.reduce(0) { $0 + $1 * $1 } / 2_000).squareRoot()
    #expect(abs(mean) < 0.02 && abs(deviation - 0.2) < 0.015)
    let next = Tensor(repeating: 0.25, shape: [40, 50], on: backend)
    noise.apply(to: next, step: 4)
    #expect(try next.host() != actions.host())

    let wild = Self.noise(.gaussian, rows: 40, on: backend, deviation: 5)
    let kept = Tensor(repeating: 0, shape: [40, 50], on: backend)
    wild.apply(to: kept, step: 0)
    let values = try kept.host()
    #expect(values.min() == -1 && values.max() == 1)
  }

  /// x ← 0.75 x + N(0, 0.2), by hand; a session's end takes its row alone back to 0.
  @Test("the Ornstein–Uhlenbeck process follows its recursion", arguments: TestDevices.all)
  func ornsteinUhlenbeck(_ device: TestDevice) throws {
    let backend = try device.make()
    let noise = Self.noise(.ornsteinUhlenbeck, rows: 2, on: backend)
    var process = [Double](repeating: 0, count: 100)
    for step in 0..<12 {
      process = zip(process, try Self.draws(step, rows: 2, on: backend)).map { 0.75 * $0 + $1 }
      let actions = Tensor(repeating: 0.1, shape: [2, 50], on: backend)
      noise.apply(to: actions, step: step)
      let expected = process.map { max(-1, min(1, 0.1 + $0)) }
      #expect(relativeError(try actions.doubles(), expected) < 1e-5, "step \(step)")
      if step == 5 {
        noise.sessionEnded(row: 1)
        for i in 50..<100 { process[i] = 0 }
      }
    }
    var file = SafetensorsWriter()
    try noise.save(to: &file, "noise")
    let other = Self.noise(.ornsteinUhlenbeck, rows: 2, on: backend)
    try other.restore(from: SafetensorsFile(bytes: file.bytes(), name: "noise"), "noise")
    let (a, b) = (
      Tensor(repeating: 0, shape: [2, 50], on: backend),
      Tensor(repeating: 0, shape: [2, 50], on: backend)
    )
    noise.apply(to: a, step: 12)
    other.apply(to: b, step: 12)
    #expect(try a.host() == b.host())
  }
}
