import DRR
import Tensor

/// A trainer of IRecGAN that learns from nothing but one network's batches, on sessions that were
/// drawn: of the size of the two presets' data, without a pattern.
package struct MeasuredSessions {
  enum Network: String, CaseIterable {
    case user = "user model"
    case agent = "agent, policy gradient,"
    case discriminator
  }

  var preset: IRecGANPreset
  var sessions: Int

  package init(preset: IRecGANPreset = .small, sessions: Int = 8_000) {
    (self.preset, self.sessions) = (preset, sessions)
  }

  var items: Int { preset == .paper ? 40_000 : 99 }
  package var listSize: Int { preset == .paper ? 10 : 20 }
  package var longestSession: Int { preset == .paper ? 40 : 5 }

  var configuration: IRecGANConfiguration {
    var configuration = IRecGANConfiguration()
    preset.apply(to: &configuration)
    configuration.listSize = listSize
    configuration.longestSession = longestSession
    return configuration
  }

  package func log() -> SessionLog {
    var random = Philox(seed: 1, stream: 0)
    var log = SessionLog(
      name: "generated", format: "generated", checksum: "", itemCount: items)
    let rewarded: Float = preset == .paper ? 0.023 : 0.49
    for _ in 0..<sessions {
      let length = length(&random)
      log.addStep(click: Int32(random.index(below: items)))
      for _ in 1..<length {
        var list: [Int32] = []
        while list.count < listSize {
          let item = Int32(random.index(below: items))
          if !list.contains(item) { list.append(item) }
        }
        log.addStep(
          click: list[random.index(below: listSize)], reward: random.uniform() < rewarded ? 1 : 0,
          list: list)
      }
      log.endSession(ended: length < longestSession)
    }
    return log
  }

  /// Two clicks and then, four times in nine, another: 2.8 in the mean. Of the small preset nineteen
  /// in twenty go on to the end.
  private func length(_ random: inout Philox) -> Int {
    guard preset == .paper else {
      return random.uniform() < 0.95 ? longestSession : 2 + random.index(below: longestSession - 2)
    }
    var length = 2
    while length < longestSession, random.uniform() < 4 / 9 { length += 1 }
    return length
  }

  func trainer(
    of network: Network, on backend: any Backend,
    _ change: (inout IRecGANConfiguration) -> Void = { _ in }
  ) throws -> IRecGANTrainer {
    var configuration = configuration
    // Epochs without end.
    let many = 100_000
    (configuration.userTraining.epochs, configuration.agentTraining.epochs) = (many, 0)
    (configuration.userTraining.decay, configuration.refreshes) = (1, 1)
    configuration.rounds = network == .discriminator ? 0 : many
    configuration.discriminatorTraining.epochs = IRecGANConfiguration.mostDiscriminatorEpochs
    configuration.discriminatorSessions = min(sessions, 2_000)
    change(&configuration)
    let part: IRecGANTrainer.Part =
      switch network {
      case .user: .pretraining
      case .agent: .method(.pg)
      case .discriminator: .method(.irecgan)
      }
    let none = SessionLog(name: "none", format: "none", checksum: "", itemCount: items)
    return try IRecGANTrainer(
      configuration, part, train: log(), validation: none, seed: 0, on: backend)
  }
}
