import DRR
import Essentials
import Platform
import Tensor

/// MLflow's file store: a folder an experiment, in it a folder a run, in that a file each of its
/// parameters, metrics and tags.
struct MLflowStore {
  /// Any number that no experiment of the store has; MLflow draws its own as long.
  private static let experiment = "480263517940862173"

  private let folder: RunFolder

  init(_ path: String) { folder = RunFolder(path) }

  /// Adds a run, or puts it in its own place.
  func add(_ run: MeasuredRun, called name: String) throws {
    let experiment = RunFolder("\(folder.path)/\(Self.experiment)")
    let identifier = Self.identifier(of: run)
    let own = RunFolder("\(experiment.path)/\(identifier)")
    try make("\(own.path)/artifacts")
    try begin(experiment, at: run.started)
    for (setting, value) in run.settings {
      try write(value.printable, "\(own.path)/params/\(Self.key(setting))")
    }
    for (metric, points) in Self.points(of: run) {
      try write(points.joined(), "\(own.path)/metrics/\(metric)")
    }
    for (tag, value) in [
      "mlflow.runName": name, "mlflow.source.name": "drr \(run.command)",
      "mlflow.source.type": "LOCAL",
    ] {
      try write(value, "\(own.path)/tags/\(tag)")
    }
    // MLflow sees the run once this is there.
    try write(
      Self.lines([
        ("artifact_uri", own.address + "/artifacts"),
        ("end_time", run.isFinished ? Self.milliseconds(run.reached) : nil),
        ("entry_point_name", ""), ("experiment_id", Self.experiment),
        ("lifecycle_stage", "active"), ("run_id", identifier), ("run_name", name),
        ("source_name", ""), ("source_type", 4), ("source_version", ""),
        ("start_time", Self.milliseconds(run.started)), ("status", run.isFinished ? 3 : 1),
        ("tags", [String]()), ("user_id", ""),
      ]), "\(own.path)/meta.yaml")
  }

  private func begin(_ experiment: RunFolder, at time: Double) throws {
    let meta = "\(experiment.path)/meta.yaml"
    guard !experiment.exists(meta) else { return }
    let created = Self.milliseconds(time)
    try write(
      Self.lines([
        ("artifact_location", experiment.address), ("creation_time", created),
        ("experiment_id", Self.experiment), ("last_update_time", created),
        ("lifecycle_stage", "active"), ("name", "drr"),
      ]), meta)
  }

  /// Lines of "time value step" by metric, the time in milliseconds.
  private static func points(of run: MeasuredRun) -> [String: [String]] {
    var points: [String: [String]] = [:]
    for line in run.lines {
      for (name, value) in line.numbers {
        points[key("\(line.kind)/\(name)"), default: []].append(
          "\(milliseconds(line.time ?? run.started)) \(value) \(line.step)\n")
      }
    }
    return points
  }

  /// A name of which MLflow allows every character, and that leads out of no folder.
  private static func key(_ name: String) -> String {
    name.split(separator: "/", omittingEmptySubsequences: false).map { part in
      let allowed = part.unicodeScalars.map { scalar -> Character in
        let isAllowed =
          scalar.isASCII
          && (scalar.properties.isAlphabetic || "0123456789_.- :".unicodeScalars.contains(scalar))
        return isAllowed ? Character(scalar) : "_"
      }
      return ["", ".", ".."].contains(String(allowed)) ? "_" : String(allowed)
    }.joined(separator: "/")
  }

  /// What a run is known by in the store: 32 hexadecimal digits that follow from where it is and when
  /// it was begun (FNV-1a, twice).
  private static func identifier(of run: MeasuredRun) -> String {
    let text = "\(run.folder.absolutePath) \(run.started)"
    return ["", "again "].map { salt in
      let sum = (salt + text).utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
        ($0 ^ UInt64($1)) &* 0x100_0000_01b3
      }
      return String(sum, radix: 16, digits: 16)
    }.joined()
  }

  private static func milliseconds(_ seconds: Double) -> Int {
    Int(exactly: (seconds * 1_000).rounded()) ?? 0
  }

  /// YAML, of which JSON's values are a part.
  private static func lines(_ fields: [(name: String, value: (any Encodable)?)]) throws -> String {
    try fields.map { name, value in
      "\(name): \(try value.map { try RunFolder.json($0) } ?? "null")\n"
    }.joined()
  }

  private func make(_ path: String) throws { try RunFolder(path).create(for: "MLflow") }

  private func write(_ text: String, _ path: String) throws {
    try make(path.parentFolder)
    try AtomicFile.write(text, to: path)
  }
}

extension RunFolder {
  /// Its path from the root, links followed; as it is where there is no such folder.
  fileprivate var absolutePath: String {
    guard let found = realpath(path, nil) else { return path }
    defer { free(found) }
    return String(cString: found)
  }

  /// As a `file:` address.
  fileprivate var address: String { URL(filePath: absolutePath).absoluteString }
}
