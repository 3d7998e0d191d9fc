import Essentials
import Platform

/// What `config.json` of a run holds.
///
/// Older programs kept settings without `schema`, and those of ratings and of IRecGAN at the top
/// level; they are still read.
struct StoredRun<Settings: RunSettings>: Codable {
  static var currentSchema: Int { 2 }

  var algorithm: String
  var schema = Self.currentSchema
  /// The program that began the run.
  var program: String
  /// When, in UTC.
  var started: String
  var settings: Settings

  init(_ settings: Settings) {
    algorithm = settings.algorithm
    program = Program.title
    started = Program.now.formatted(.iso8601)
    self.settings = settings
  }
}

/// What tells of any run what it is.
private struct StoredHeader: Decodable {
  var algorithm: String?
  var schema: Int?
  /// What programs have that kept settings at the top level: IRecGAN's, or those of ratings, which
  /// they did not name.
  var settings: Anything?
  var data: Anything?
  var world: Anything?
  var pmf: Anything?
}

private struct Anything: Decodable {
  init(from decoder: any Decoder) {}
}

private struct StoredSettings<Settings: RunSettings>: Decodable {
  var settings: Settings
}

extension RunFolder {
  /// The algorithm that a run of this folder is of; nil if no run was started.
  public func readAlgorithm() -> String? { Self.algorithm(of: configuration) }

  /// The algorithm that a configuration, wherever it lies, is of; nil if it is no run's.
  package static func algorithm(of configuration: String) -> String? {
    let folder = RunFolder(configuration.parentFolder)
    guard let header = folder.read(StoredHeader.self, from: configuration) else { return nil }
    return header.algorithm?.printable ?? (header.pmf == nil ? nil : RunFolder.ratingsAlgorithm)
  }

  /// What runs on ratings are called whose configuration names no algorithm.
  package static let ratingsAlgorithm = "ratings"

  /// The settings of a run; nil if none was started.
  ///
  /// - Throws: `RunError` if the folder holds a run of another algorithm, or a damaged one.
  public func read<Settings: RunSettings>(_ type: Settings.Type) throws -> Settings? {
    exists(configuration) ? try read(type, configuration: configuration) : nil
  }

  /// The settings that a configuration holds, wherever it lies.
  ///
  /// - Throws: `RunError` if it is of another algorithm, or damaged.
  package func read<Settings: RunSettings>(
    _ type: Settings.Type, configuration: String
  ) throws -> Settings {
    guard let bytes = FileManager.default.contents(atPath: configuration) else {
      throw RunError("cannot read \(configuration)")
    }
    guard let header = try? Self.decoder.decode(StoredHeader.self, from: bytes) else {
      throw RunError("\(configuration): not the configuration of a run: it is not JSON")
    }
    if let schema = header.schema, schema > StoredRun<Settings>.currentSchema {
      throw RunError(
        "\(configuration): written by a newer program (schema \(schema), this one reads "
          + "\(StoredRun<Settings>.currentSchema)); use that one")
    }
    if let found = header.algorithm?.printable, !Settings.algorithms.contains(found) {
      let holder = configuration == self.configuration ? path : configuration
      throw RunError(
        "\(holder) holds a run of \(found), not of "
          + "\(Settings.algorithms.joined(separator: ", "))")
    }
    do {
      if header.settings != nil && header.data == nil && header.world == nil {
        return try Self.decoder.decode(StoredSettings<Settings>.self, from: bytes).settings
      }
      // Of an older program, at the top level.
      return try Self.decoder.decode(Settings.self, from: bytes)
    } catch let error as DecodingError {
      throw RunError("\(configuration): not the configuration of a run: \(error.summary)")
    }
  }

  /// When the run was begun, in Unix seconds; nil where an older program began it.
  package var started: Double? {
    read(StoredStart.self, from: configuration)
      .flatMap { try? Date($0.started, strategy: .iso8601) }?.timeIntervalSince1970
  }

  /// Writes `config.json`. The moment at which the run began is kept.
  package func write<Settings: RunSettings>(_ settings: Settings) throws {
    var stored = StoredRun(settings)
    if let begun = read(StoredStart.self, from: configuration) {
      (stored.program, stored.started) = (begun.program, begun.started)
    }
    try write(stored, to: configuration)
  }
}

private struct StoredStart: Decodable {
  var program: String
  var started: String
}
