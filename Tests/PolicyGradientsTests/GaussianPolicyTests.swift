import DRRTestSupport
import Environments
import Foundation
import PolicyGradients
import Tensor
import TestSupport
import Testing

@Suite("Gaussian policy")
struct GaussianPolicyTests {
  /// Policy iteration on the scalar problem, another way to K than the Riccati equation.
  @Test func bestGainIsThatOfPolicyIteration() {
    let world = PointWorld()
    let (rho, gamma) = (world.effort, world.discount)
    var gain = 0.5
    for _ in 0..<200 {
      // Under u = −Kx: P = 1 + ρK² + γ(1 − K)²P.
      let p = (1 + rho * gain * gain) / (1 - gamma * (1 - gain) * (1 - gain))
      gain = gamma * p / (rho + gamma * p)
    }
    #expect(abs(world.bestGain - gain) < 1e-9)
  }

  @Test func findsTheBestGain() throws {
    let trainer = try GaussianTrainer(GaussianConfiguration(), on: CPUBackend())
    var last: GaussianReport?
    while !trainer.isFinished { last = try trainer.advance() ?? last }
    let report = try #require(last)
    #expect(abs(report.gain - report.bestGain) < 0.05, "\(report)")
  }

  /// log π against the density written out, up to ½ log 2π a number.
  @Test(arguments: TestDevices.all) func densityIsTheNormalOne(_ device: TestDevice) throws {
    let backend = try device.make()
    let policy = GaussianPolicy(
      stateWidth: 1, actionWidth: 2, hidden: 8, learningRate: 1e-3, seed: 3, on: backend)
    let states = Tensor([0.3, -0.8], shape: [2, 1], on: backend)
    let actions: [Float] = [0.1, -0.4, 0.7, 0.2]
    let found = try policy.logDensity(
      of: Tensor(actions, shape: [2, 2], on: backend), states
    ).host()
    let mean = try policy.mean(states).host()
    // σ of fresh weights is near 1: its log is what the density at the mean lacks.
    let atMean = try policy.logDensity(of: policy.mean(states), states).host()
    for row in 0..<2 {
      let higher = try policy.logDensity(
        of: Tensor(mean.map { $0 + 1 }, shape: [2, 2], on: backend), states
      ).host()[row]
      #expect(atMean[row] > found[row] && atMean[row] > higher)
    }
  }

  @Test func resumesToTheSameBits() throws {
    var configuration = GaussianConfiguration()
    configuration.steps = 20_000
    func make() throws -> GaussianTrainer { try GaussianTrainer(configuration, on: CPUBackend()) }
    let (whole, first, second) = (try make(), try make(), try make())
    while !whole.isFinished { _ = try whole.advance() }
    while first.step < 10_000 { _ = try first.advance() }
    let folder = TemporaryFolder()
    var file = SafetensorsWriter()
    try first.save(to: &file)
    try file.write(to: folder.path + "/gaussian.safetensors")
    try second.restore(from: SafetensorsFile(contentsOf: folder.path + "/gaussian.safetensors"))
    while !second.isFinished { _ = try second.advance() }
    #expect(second.step == whole.step)
    var (a, b) = (SafetensorsWriter(), SafetensorsWriter())
    try whole.save(to: &a)
    try second.save(to: &b)
    try a.write(to: folder.path + "/a")
    try b.write(to: folder.path + "/b")
    #expect(
      FileManager.default.contents(atPath: folder.path + "/a")
        == FileManager.default.contents(atPath: folder.path + "/b"))
  }
}
