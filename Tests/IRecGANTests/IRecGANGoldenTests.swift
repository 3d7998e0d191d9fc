import ClickSessions
import IRecGAN
import Tensor
import TestSupport
import Testing

/// Losses, logits and the gradient of every weight against PyTorch in float64, which reads one
/// session after the other, unpadded.
@Suite("IRecGAN against PyTorch")
struct IRecGANGoldenTests {
  private static let settings = SessionWorlds.settings {
    $0.user = .init(embedding: 4, units: 5, layers: 2)
    $0.agent = .init(embedding: 4, units: 5)
    $0.discriminator = .init(embedding: 4, units: 5)
    $0.listUnits = 2
    $0.clickTemperature = 2
    $0.userRewardWeight = 0.75
  }

  /// Every session was shown the same at a step, so that what was beside leaving is known.
  private static let shown: [[Int32]] = [[], [3, 0, 5], [1, 2], [4, 0, 3]]
  private static let sessions: [(clicks: [Int32], ended: Bool)] = [
    ([1, 0, 2, 4], false), ([2, 3], true), ([5], true), ([0, 5, 1], true), ([4, 0, 1, 3], true),
  ]

  private struct Check {
    let golden: GoldenCase
    let backend: any Backend
    let limit: Double

    init(_ name: String, _ device: TestDevice) throws {
      golden = try Golden.load(name)
      backend = try device.make()
      // Logits of a tenth's temperature have ten times the rounding.
      limit = backend is ReferenceBackend ? 1e-12 : name.hasSuffix("expectation") ? 1e-4 : 1e-5
    }

    func load(_ set: ParameterSet) throws {
      for parameter in set.parameters {
        #expect(try golden.shape(parameter.name) == parameter.shape.array, "\(parameter.name)")
        backend.put(try golden(parameter.name), to: parameter.values)
      }
    }

    func expect(_ found: [Double], _ name: String) throws {
      let error = relativeError(found, try golden(name))
      #expect(error <= limit, "\(golden.name)/\(name): \(error)")
    }

    func expectGradients(of set: ParameterSet) throws {
      for parameter in set.parameters {
        try expect(backend.doubles(parameter.gradients), "d" + parameter.name)
      }
    }

    /// The golden sessions as one batch.
    func batch() throws -> SessionBatch {
      var log = SessionLog(name: "golden", format: "", checksum: "", itemCount: 6)
      let rewards = try golden.floats("rewards")
      for session in IRecGANGoldenTests.sessions {
        for (step, click) in session.clicks.enumerated() {
          log.addStep(
            click: click, reward: rewards[log.stepCount], list: IRecGANGoldenTests.shown[step])
        }
        log.endSession(ended: session.ended)
      }
      let sessions = TrainingSessions(
        log, realness: try golden.floats("realness"), discount: 0.5, rewardWeight: 3)
      var random = Philox(seed: 1, stream: 1)
      let order = (0..<log.count).map { SessionReference(source: 0, session: $0) }
      return SessionEpoch(
        order, of: [sessions], batchSize: 8, rewardedWeight: 2, random: &random, on: backend
      ).batches[0]
    }
  }

  @Test("the user model", arguments: TestDevices.withReference)
  func user(_ device: TestDevice) throws {
    let check = try Check("irecgan-user", device)
    let user = UserModel(Self.settings, itemCount: 6, seed: 1, on: check.backend)
    try check.load(user.weights)
    let batch = try check.batch()
    let tape = Tape(training: user.weights)
    let loss = user.loss(batch, tape)
    tape.backward(from: loss)
    try check.expect(loss.doubles(), "loss")
    try check.expectGradients(of: user.weights)
  }

  @Test(
    "the agent, with a critic and without", arguments: TestDevices.withReference, [false, true])
  func agent(_ device: TestDevice, _ usesValue: Bool) throws {
    let check = try Check("irecgan-agent" + (usesValue ? "-value" : ""), device)
    let agent = ListAgent(Self.settings, itemCount: 6, seed: 1, on: check.backend)
    try check.load(agent.weights)
    let batch = try check.batch()
    let tape = Tape(training: agent.weights)
    let loss = agent.loss(batch, usesValue: usesValue, dropping: nil, tape)
    tape.backward(from: loss)
    try check.expect(loss.doubles(), "loss")
    try check.expectGradients(of: agent.weights)
  }

  @Test(
    "the discriminator in every form", arguments: TestDevices.withReference,
    IRecGANConfiguration.DiscriminatorForm.allCases)
  func discriminator(
    _ device: TestDevice, _ form: IRecGANConfiguration.DiscriminatorForm
  ) throws {
    let check = try Check("irecgan-discriminator-\(form)", device)
    var settings = Self.settings
    settings.discriminatorForm = form
    let discriminator = Discriminator(settings, itemCount: 6, seed: 1, on: check.backend)
    try check.load(discriminator.weights)
    let none: [Int32] = [-1, -1, -1]
    let sessions = SessionRecord(
      clicks: [1, 0, 2, 4, 2, 3, -1, -1, 5, -1, -1, -1, 0, 5, 1, -1],
      rewards: try check.golden.floats("rewards"),
      lists: [
        none, [3, 0, 5], [1, 2, -1], [4, 0, 3], none, [3, 1, 5], none, none, none, none, none, none,
        none, [5, -1, -1], [2, 1, 0], none,
      ].flatMap { $0 },
      sessions: 4, steps: 4, listSize: 3, on: check.backend)
    let labels = Tensor(try check.golden("labels"), shape: [4], on: check.backend)
    let tape = Tape(training: discriminator.weights)
    let (loss, logits) = discriminator.loss(sessions, labels: labels, dropping: nil, tape)
    tape.backward(from: loss)
    try check.expect(logits.doubles(), "logits")
    try check.expect(loss.doubles(), "loss")
    try check.expectGradients(of: discriminator.weights)
  }
}
