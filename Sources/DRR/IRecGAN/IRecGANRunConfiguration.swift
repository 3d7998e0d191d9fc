import ClickSessions
import DRRCore
import Essentials
import Tensor

/// Every setting of a run of IRecGAN, resolved: what its folder keeps as `config.json`.
public struct IRecGANRunConfiguration: Codable, Hashable, Sendable {
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

  /// Tells the configuration from that of a run of DRR.
  public private(set) var algorithm = "irecgan"
  public var data: Data
  public var reading: SessionOptions
  public var split = Split()
  /// The world that the log came from, if it is at hand (``WorldSource``).
  public var world: String?
  /// How the log was made in that world; nil where it was read.
  public var simulation: SimulatedLog?
  public var seed: UInt64
  public var settings: IRecGANConfiguration

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

  public func validate() throws(ConfigurationError) {
    try settings.validate()
  }

  /// What results depend on: where the data lie is no part of it.
  var identity: IRecGANRunConfiguration {
    var identity = self
    identity.data.source = ""
    identity.data.name = ""
    identity.world = nil
    return identity
  }
}

extension RunFolder {
  /// The networks of a part of a run of IRecGAN, and all that it goes on from.
  public func checkpoint(of part: IRecGANTrainer.Part) -> String {
    "\(path)/\(part.name).safetensors"
  }

  /// Keeps of the metrics what other parts wrote and the first lines of this one; what was behind
  /// them comes again. A line that a killed process left unfinished goes.
  ///
  /// - Returns: how many lines of the part there are.
  func keepMetrics(of part: IRecGANTrainer.Part, first lines: Int) throws -> Int {
    guard let bytes = FileManager.default.contents(atPath: metrics) else { return 0 }
    let decoder = JSONDecoder()
    var found = 0
    var kept = Data()
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
      guard let report = try? decoder.decode(IRecGANReport.self, from: Data(line)) else { continue }
      if report.part == part.name {
        guard found < lines else { continue }
        found += 1
      }
      kept += line
      kept.append(UInt8(ascii: "\n"))
    }
    if kept != bytes { try AtomicFile.write(String(decoding: kept, as: UTF8.self), to: metrics) }
    return found
  }

  /// The configuration of a run of IRecGAN; nil where no run was begun.
  ///
  /// - Throws: `RunError` where the folder holds another kind of run.
  public func readIRecGAN() throws -> IRecGANRunConfiguration? {
    guard exists(configuration) else { return nil }
    if let found = read(IRecGANRunConfiguration.self, from: configuration),
      found.algorithm == "irecgan"
    {
      return found
    }
    throw RunError("\(configuration): not the configuration of a run of IRecGAN")
  }

  /// The device that a run of IRecGAN was begun on; nil where none was trained.
  public func deviceOfIRecGAN() throws -> DeviceRequest? {
    let path = checkpoint(of: .pretraining)
    guard exists(path) else { return nil }
    return try SafetensorsFile(contentsOf: path).metadata["device"].flatMap { DeviceRequest($0) }
  }
}
