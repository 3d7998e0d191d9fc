import ClickSessions
import DRRCore
import Essentials
import Tensor

/// Every setting of a run of IRecGAN, resolved: what its folder keeps as `config.json`.
public struct IRecGANRunConfiguration: RunSettings {
  public static let algorithms = ["irecgan"]
  public var title: String { "an IRecGAN run" }
  public var command: String { "train irecgan" }
  public var uses: [String] { ["evaluate irecgan", "recommend --session ID"] }

  /// Which sessions, and what they were when the run began.
  public struct Data: Codable, Hashable, Sendable {
    public var source: String
    public var name: String
    public var checksum: String
    public var sessions: Int
    public var steps: Int
    public var items: Int

    public init(source: String, log: SessionLog) {
      self.source = source
      name = log.name
      checksum = log.checksum
      sessions = log.count
      steps = log.stepCount
      items = log.itemCount
    }
  }

  /// Which sessions train, validate and, what is left, test.
  public struct Split: Codable, Hashable, Sendable {
    public var training = 0.8
    public var validation = 0.1
    /// Permutes the sessions first; nil: they stand in the order of their file.
    public var seed: UInt64?

    public init() {}

    func indices(of log: SessionLog) throws(ConfigurationError) -> SessionSplit {
      try SessionSplit(
        count: log.count, training: training, validation: validation,
        order: seed.map { .permuted(seed: $0) } ?? .file)
    }
  }

  public var data: Data
  public var reading: SessionOptions
  public var split = Split()
  /// The simulator that the log came from, if it is at hand (``WorldSource``).
  public var world: String?
  /// How the log was made in that simulator; nil where it was read.
  public var simulation: SimulatedLog?
  public var seed: UInt64
  public var settings: IRecGANConfiguration
  /// What the agent is trained by; nil where an older program did not keep it.
  public var methods: [IRecGANMethod]?

  public init(
    data: Data, reading: SessionOptions, world: String?, simulation: SimulatedLog?, seed: UInt64,
    settings: IRecGANConfiguration
  ) {
    self.data = data
    self.reading = reading
    self.world = world
    self.simulation = simulation
    self.seed = seed
    self.settings = settings
  }

  /// Each network has a running mean, which counts as a target.
  public var memory: MemoryNeed {
    var need = MemoryNeed()
    let encoders = [settings.user, settings.agent, settings.discriminator]
    let vectors = encoders.reduce(0) { $0 + Double(data.items) * Double($1.embedding) }
    need.addNetworks(
      "the items' vectors", weights: vectors, haveTargets: true, lower: "--embedding",
      settings.user.embedding)
    for (name, encoder, outputs, option) in [
      ("the user model", settings.user, 0, "--user-units"),
      ("the agent", settings.agent, data.items, "--agent-units"),
    ] {
      let (e, h) = (Double(encoder.embedding), Double(encoder.units))
      // A GRU's; an LSTM has more.
      let layers = 3 * h * (h + e) + 6 * h * h * Double(encoder.layers - 1)
      need.addNetworks(
        name, weights: layers + h * Double(outputs), haveTargets: true, lower: option,
        encoder.units)
    }
    return need
  }

  public func validate() throws(ConfigurationError) {
    try settings.validate()
  }

  /// What results depend on: where the data lie is no part of it.
  public var identity: IRecGANRunConfiguration {
    var identity = self
    identity.data.source = ""
    identity.data.name = ""
    identity.world = nil
    identity.methods = nil
    return identity
  }
}

extension RunFolder {
  /// The networks of a part of a run of IRecGAN, and all that it goes on from.
  public func checkpoint(of part: IRecGANTrainer.Part) -> String {
    "\(path)/\(part.name).safetensors"
  }

  /// The device that a run of IRecGAN was started on; nil where none was trained.
  public func deviceOfIRecGAN() throws -> DeviceRequest? {
    let path = checkpoint(of: .pretraining)
    guard exists(path) else { return nil }
    return try SafetensorsFile(contentsOf: path).metadata["device"].flatMap { DeviceRequest($0) }
  }
}
