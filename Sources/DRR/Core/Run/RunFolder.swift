import Essentials
import Platform
import Tensor

/// Why a run's folder cannot be used, in one sentence.
public struct RunError: Error, Equatable, CustomStringConvertible {
  public let description: String
  /// An error of one sentence: what was asked for, what is wrong, and what to do. Control characters
  /// of what it repeats are shown as `?`.
  public init(_ description: String) { self.description = description.printableLines }
}

/// Where a run keeps its configuration, metrics, checkpoints and results.
public struct RunFolder: Sendable {
  /// The folder's path.
  public let path: String
  /// Writes what a new run holds beside its settings, before they are written.
  public var preparation: (@Sendable () throws -> Void)?

  /// `config.json`: the settings that the run was started with.
  public var configuration: String { path + "/config.json" }
  /// `metrics.jsonl`: a line of JSON a report.
  public var metrics: String { path + "/metrics.jsonl" }
  /// What TensorBoard reads of the metrics, where it is wanted.
  public var events: String { path + "/tensorboard/\(Self.eventsName)" }
  /// TensorBoard takes every file of a folder whose name has `tfevents` in it.
  package static let eventsName = "events.out.tfevents.drr"
  /// The fitted factorisation.
  public var model: String { path + "/pmf.safetensors" }
  /// The factorization on its way, from which an interrupted fit goes on.
  public var pmfCheckpoint: String { path + "/pmf-checkpoint.safetensors" }
  /// The checkpoint of the run, from which training goes on and evaluation reads.
  public var checkpoint: String { path + "/checkpoint.safetensors" }
  /// `report.json`: what a finished training has to say.
  public var report: String { path + "/report.json" }
  /// `evaluation.json`: the latest evaluation.
  public var evaluation: String { path + "/evaluation.json" }
  /// What the residual agent believes of items.
  public var beliefs: String { path + "/beliefs.safetensors" }
  /// The factorisation of every rating that a simulation takes for the truth.
  public var world: String { path + "/world.safetensors" }
  /// `online.json`: the latest simulation.
  public var online: String { path + "/online.json" }
  /// A folder of ratings of a feedback log, where the run learned from one.
  public var served: String { path + "/served" }
  /// The vectors that the factorization begins with, where they are an earlier run's.
  public var start: String { path + "/start.safetensors" }
  /// The posteriors that the beliefs begin with, where they are an earlier run's.
  public var beliefStart: String { path + "/belief-start.safetensors" }
  /// `leak-ladder.json`: the leakage ablation.
  public var leakLadder: String { path + "/leak-ladder.json" }

  /// Where the run's myopic baseline (γ = 0) has its own.
  public var myopic: RunFolder { RunFolder(path + "/twin") }
  /// Whether a myopic baseline has been trained.
  public var hasMyopic: Bool { exists(myopic.checkpoint) }

  /// A folder by its path; nothing is made or read.
  public init(_ path: String) { self.path = path }

  /// Makes the folder and those above it where they are missing.
  public func create() throws { try create(for: "run") }

  /// - Parameter holder: what the folder is to hold, in a word.
  package func create(for holder: String) throws {
    var status = stat()
    if stat(path, &status) == 0 {
      guard status.st_mode & S_IFMT == S_IFDIR else {
        throw RunError("\(path) is not a folder, and a \(holder) needs one")
      }
      return
    }
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    for count in 1...parts.count {
      let part = parts.prefix(count).joined(separator: "/")
      if part.isEmpty || retrying({ Int(mkdir(part, 0o777)) }) == 0 || errno == EEXIST { continue }
      // A folder that exists may also answer EROFS or EACCES.
      let code = errno
      if count == parts.count || stat(part, &status) != 0 {
        throw RunError(
          "cannot create the \(holder) folder \(path): \(String(cString: strerror(code)))")
      }
    }
  }

  /// Keeps other processes from training in this folder while this process lives.
  public func lock() throws { _ = try locked() }

  /// Throws where another process trains in this folder.
  public func requireUnlocked() throws { close(try locked()) }

  /// The open descriptor that holds the lock.
  private func locked() throws -> Int32 {
    do {
      if let descriptor = try lockedFolder(path) { return descriptor }
    } catch {
      throw RunError(
        "cannot open the run folder \(path): \(String(cString: strerror(error.code)))")
    }
    throw RunError("\(path): another drr is training in this folder; wait for it or name another")
  }

  /// Removes the temporary files of writes that were killed, in the run's folders below too.
  package func removeTemporaries() {
    for folder in [path, myopic.path, served, events.parentFolder] { Temporaries.sweep(folder) }
  }

  /// Whether there is a file of that path.
  public func exists(_ file: String) -> Bool { access(file, F_OK) == 0 }

  /// Writes a value as JSON with sorted keys. The file appears whole or not at all.
  ///
  /// - Throws: `CheckpointError` if it cannot be written.
  public func write(_ value: some Encodable, to file: String) throws {
    try AtomicFile.write(RunFolder.json(value, pretty: true) + "\n", to: file)
  }

  /// What a file of this folder holds; nil where it is missing or holds something else.
  public func read<Value: Decodable>(_ type: Value.Type, from file: String) -> Value? {
    FileManager.default.contents(atPath: file).flatMap { try? Self.decoder.decode(type, from: $0) }
  }

  /// A value that ``json(_:pretty:)`` wrote; nil for any other text.
  package static func value<Value: Decodable>(_ type: Value.Type, json: String) -> Value? {
    try? decoder.decode(type, from: Data(json.utf8))
  }

  /// Whether the configuration is written as this program writes it.
  var hasCurrentSchema: Bool {
    struct Header: Decodable { var schema: Int }
    return read(Header.self, from: configuration) != nil
  }

  /// Bytes in the metrics file, to which a resumed run goes back.
  package var metricsSize: Int {
    var status = stat()
    return stat(metrics, &status) == 0 ? Int(status.st_size) : 0
  }

  package func truncateMetrics(to size: Int) throws {
    guard metricsSize > size else { return }
    if truncate(metrics, off_t(size)) != 0 {
      throw RunError("cannot shorten \(metrics): \(String(cString: strerror(errno)))")
    }
  }

  package func remove(_ file: String) { unlink(file) }

  /// Forgets the run: removes its files and its myopic baseline, and nothing else that the folder
  /// holds. The configuration goes last, so that what is left of an interrupted removal still has
  /// one.
  public func clear() throws {
    if exists(myopic.path) { myopic.delete() }
    let files = [
      checkpoint, pmfCheckpoint, model, metrics, events, report, evaluation, world, beliefs, online,
      start, beliefStart, served + "/ratings.csv", served + "/about.txt",
    ]
    for file in files + ownCheckpoints() + [configuration]
    where unlink(file) != 0 && errno != ENOENT {
      throw RunError("cannot remove \(file): \(String(cString: strerror(errno)))")
    }
    for folder in [events.parentFolder, served] { rmdir(folder) }
  }

  /// Files of the folder that a run wrote: those whose header names the run's configuration.
  private func ownCheckpoints() -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
      .filter { $0.hasSuffix(".safetensors") }.map { "\(path)/\($0)" }
      .filter { (try? SafetensorsFile(contentsOf: $0))?.metadata["configuration"] != nil }
  }

  /// Forgets the run and removes the folder, unless it holds something else.
  package func delete() {
    try? clear()
    rmdir(path)
  }

  package static var decoder: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return decoder
  }

  /// Keys in order, so that equal values are equal text.
  public static func json(_ value: some Encodable, pretty: Bool = false) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting =
      pretty
      ? [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
      : [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }
}

extension DecodingError {
  /// What is wrong with a file that was to be decoded.
  package var summary: String {
    func name(_ path: [any CodingKey]) -> String {
      path.isEmpty ? "the top level" : path.map(\.stringValue).joined(separator: ".")
    }
    switch self {
    case .keyNotFound(let key, let context):
      return "\(name(context.codingPath + [key])) is missing"
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      return "\(name(context.codingPath)) is not \(Self.words(for: type))"
    case .dataCorrupted(let context):
      return context.codingPath.isEmpty
        ? "it is not JSON" : "\(name(context.codingPath)) is damaged"
    @unknown default: return "it cannot be read"
    }
  }

  /// What people call a type of JSON.
  private static func words(for type: any Any.Type) -> String {
    switch type {
    case is any BinaryInteger.Type: "a whole number"
    case is any BinaryFloatingPoint.Type: "a number"
    case is String.Type: "a text"
    case is Bool.Type: "true or false"
    case is [Any].Type: "a list"
    case is [String: Any].Type: "an object"
    default: "\(type)".hasPrefix("Array") ? "a list" : "of the form that is expected"
    }
  }
}
