import Tensor

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Why a run's folder cannot be used, in one sentence.
public struct RunError: Error, Equatable, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}

/// Where a run keeps its configuration, metrics, checkpoints and results.
public struct RunFolder: Sendable {
  public let path: String

  public var configuration: String { path + "/config.json" }
  public var metrics: String { path + "/metrics.jsonl" }
  /// The fitted factorisation.
  public var model: String { path + "/pmf.safetensors" }
  public var pmfCheckpoint: String { path + "/pmf-checkpoint.safetensors" }
  public var checkpoint: String { path + "/checkpoint.safetensors" }
  public var report: String { path + "/report.json" }
  public var evaluation: String { path + "/evaluation.json" }

  public init(_ path: String) { self.path = path }

  /// Makes the folder and those above it where they are missing.
  public func create() throws {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw RunError("cannot create the run folder \(path): \(String(cString: strerror(errno)))")
    }
  }

  public func exists(_ file: String) -> Bool { access(file, F_OK) == 0 }

  public func readConfiguration() throws -> RunConfiguration? {
    guard exists(configuration) else { return nil }
    guard let bytes = FileManager.default.contents(atPath: configuration) else {
      throw RunError("cannot read \(configuration): \(String(cString: strerror(errno)))")
    }
    do {
      return try JSONDecoder().decode(RunConfiguration.self, from: bytes)
    } catch let error as DecodingError {
      throw RunError("\(configuration): not the configuration of a run: \(error.summary)")
    }
  }

  public func write(_ value: some Encodable, to file: String) throws {
    try AtomicFile.write(RunFolder.json(value, pretty: true) + "\n", to: file)
  }

  /// Adds a line to the metrics.
  func append(_ value: some Encodable) throws {
    try AtomicFile.append(line: RunFolder.json(value), to: metrics)
  }

  /// Bytes in the metrics file, to which a resumed run goes back.
  var metricsSize: Int {
    var status = stat()
    return stat(metrics, &status) == 0 ? Int(status.st_size) : 0
  }

  func truncateMetrics(to size: Int) throws {
    guard metricsSize > size else { return }
    if truncate(metrics, off_t(size)) != 0 {
      throw RunError("cannot shorten \(metrics): \(String(cString: strerror(errno)))")
    }
  }

  func remove(_ file: String) { unlink(file) }

  /// Forgets the run: removes its files, and nothing else that the folder holds.
  public func clear() {
    for file in [configuration, metrics, model, pmfCheckpoint, checkpoint, report, evaluation] {
      remove(file)
    }
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
  fileprivate var summary: String {
    func name(_ path: [any CodingKey]) -> String {
      path.isEmpty ? "the top level" : path.map(\.stringValue).joined(separator: ".")
    }
    switch self {
    case .keyNotFound(let key, let context):
      return "\(name(context.codingPath + [key])) is missing"
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      return "\(name(context.codingPath)) is not a \(type)"
    case .dataCorrupted(let context):
      return context.codingPath.isEmpty
        ? "it is not JSON" : "\(name(context.codingPath)) is damaged"
    @unknown default: return "it cannot be read"
    }
  }
}
