import DRRCore
import Essentials
import Platform
import Tensor

/// The event file that TensorBoard reads of a run: its settings, then the metrics line by line, then
/// that it is over. Made of `config.json` and `metrics.jsonl` alone, so that it is the same whether
/// it was written while the run trained, went on or had ended.
package struct EventFile {
  private let run: RunFolder

  /// The file beside a run's metrics.
  package init(besideMetricsOf run: RunFolder) { self.run = run }

  /// Makes the file what the metrics say.
  package func begin() throws {
    guard let measured = try MeasuredRun(run) else { return }
    try RunFolder(run.events.parentFolder).create(for: "TensorBoard")
    try keep(measured.events)
  }

  /// Adds a line of the metrics, where the file is there.
  package func add(_ line: String) throws {
    guard run.exists(run.events), let line = ReportedLine(json: Data(line.utf8)) else { return }
    try AtomicFile.append(line.event.bytes, to: run.events)
  }

  /// Adds that the run is over, where the file is there.
  package func finish() throws {
    guard run.exists(run.events), let measured = try MeasuredRun(run) else { return }
    try keep(measured.events + measured.end(isFinished: true).bytes)
  }

  /// Where the file and the bytes begin alike, what differs is cut off or added in place: a
  /// TensorBoard that has it open reads on.
  private func keep(_ bytes: [UInt8]) throws {
    let path = run.events
    guard let data = FileManager.default.contents(atPath: path) else {
      return try AtomicFile.write(bytes, to: path)
    }
    let found = [UInt8](data)
    if bytes.starts(with: found) {
      try AtomicFile.append(Array(bytes[found.count...]), to: path)
    } else if !found.starts(with: bytes) {
      try AtomicFile.write(bytes, to: path)
    } else if truncate(path, off_t(bytes.count)) != 0 {
      throw RunError("cannot shorten \(path): \(String(cString: strerror(errno)))")
    }
  }
}

extension EventFile {
  /// Writes the file of each run into `folder`, those of a group into folders below it. The first
  /// begins with the settings and metrics that TensorBoard is to compare.
  package static func write(_ runs: [MeasuredRun], to folder: String) throws {
    for (place, run) in runs.enumerated() {
      let own = RunFolder(run.name.isEmpty ? folder : "\(folder)/\(run.name)")
      try own.create(for: "TensorBoard")
      var bytes = run.events + run.end(isFinished: run.isFinished).bytes
      if place == 0 { bytes += experiment(of: runs).bytes }
      try AtomicFile.write(bytes, to: "\(own.path)/\(RunFolder.eventsName)")
    }
  }

  /// A setting that is of several kinds is text.
  private static func experiment(of runs: [MeasuredRun]) -> EventRecord {
    let settings = runs.map(\.hyperparameters).reduce(into: [:]) { all, own in
      all.merge(own) { $0.kind == $1.kind ? $0 : .text("") }
    }
    let tags = Set(runs.flatMap { $0.lines.flatMap(\.tags) }).sorted()
    return EventRecord(
      time: runs[0].started,
      content: .values([
        .hyperparameters(.experiment(begun: runs[0].started, settings: settings, metrics: tags))
      ]))
  }
}

extension MeasuredRun {
  fileprivate var hyperparameters: [String: Hyperparameter] {
    settings.mapValues { Hyperparameter($0) }
  }

  /// All but that it is over.
  fileprivate var events: [UInt8] {
    let start = HyperparameterSummary.start(started, settings: hyperparameters)
    let head = [
      EventRecord(time: started, content: .version),
      EventRecord(time: started, content: .values([.hyperparameters(start)])),
    ]
    return (head + lines.map(\.event)).flatMap(\.bytes)
  }

  fileprivate func end(isFinished: Bool) -> EventRecord {
    EventRecord(
      time: reached,
      content: .values([.hyperparameters(.end(reached, isFinished: isFinished))]))
  }
}

extension ReportedLine {
  /// Its numbers as tags, such as `dqn/reward`.
  fileprivate var tags: [String] { numbers.keys.map { "\(kind)/\($0)" } }

  fileprivate var event: EventRecord {
    EventRecord(
      time: time ?? 0, step: step,
      content: .values(
        numbers.sorted { $0.key < $1.key }.map { .number("\(kind)/\($0.key)", $0.value) }
          + histograms.sorted { $0.key < $1.key }.map { .histogram("\(kind)/\($0.key)", $0.value) }
      ))
  }
}
