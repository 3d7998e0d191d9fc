import Foundation
import TestSupport

/// Bytes for every reader of files, by libFuzzer: it mutates a corpus and keeps what reaches new
/// edges of the program. Each reader has a process of its own.
///
/// An input fails that traps, takes more than a gigabyte or ten seconds, or is refused without a
/// sentence. It is kept below `.build-fuzz/failures`.
enum Fuzzing: CampaignPart {
  static let name = "fuzz"
  static let summary = "mutated files for every reader, guided by coverage"

  private static let program = ".build-fuzz/release/fuzz"
  private static let corpus = "Tests/Campaign/Fuzz/Corpus"
  /// What is found beside the committed corpus, for later campaigns on this machine to begin with.
  private static let found = ".build-fuzz/corpus"
  private static let failures = ".build-fuzz/failures"

  private struct Hunt {
    var reader: String
    var subject: Subject
  }

  static func run(in room: CampaignRoom) throws -> Tally {
    let root = FileManager.default.currentDirectoryPath
    guard FileManager.default.isExecutableFile(atPath: program) else {
      throw Absent(description: "there is no \(program) here; ./campaign builds it")
    }
    let readers = try Subject.run(["\(root)/\(program)"], in: root).output.split(separator: "\n")
      .map(String.init)
    var tally = Tally()
    var (hunts, left) = ([Hunt](), readers[...])
    let processors = ProcessInfo.processInfo.activeProcessorCount
    let rounds = (readers.count + processors - 1) / processors
    // So many inputs end by themselves.
    let seconds = max(
      1, Int((room.deadline - .now) / .seconds(1)) / (room.inputs == nil ? rounds : 1))
    var edges = 0
    // A corpus that grows from campaign to campaign, or none but the committed one.
    let scratch = TemporaryFolder()
    let grown = room.inputs == nil ? found : scratch.path
    while !left.isEmpty || !hunts.isEmpty {
      while hunts.count < processors, let reader = left.popFirst() {
        hunts.append(Hunt(reader: reader, subject: try hunt(reader, root, grown, seconds, room)))
      }
      for hunt in hunts where !hunt.subject.isRunning {
        edges += try judge(hunt, root, &tally)
      }
      hunts.removeAll { !$0.subject.isRunning }
      usleep(50_000)
    }
    withExtendedLifetime(scratch) {}
    tally.notes.append("\(edges) edges reached in all readers.")
    return tally
  }

  private static func hunt(
    _ reader: String, _ root: String, _ grown: String, _ seconds: Int, _ room: CampaignRoom
  ) throws -> Subject {
    for folder in ["\(grown)/\(reader)", "\(failures)/\(reader)"] {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }
    var limits = Subject.Limits()
    limits.seconds = 1e9
    return try Subject(
      [
        "\(root)/\(program)", reader, "\(grown)/\(reader)", "\(corpus)/\(reader)",
        "-artifact_prefix=\(failures)/\(reader)/", "-max_total_time=\(seconds)",
        "-runs=\(room.inputs ?? -1)", "-seed=\(UInt32(truncatingIfNeeded: room.seed))",
        "-timeout=10", "-rss_limit_mb=1024",
        "-max_len=65536", "-print_final_stats=1", "-verbosity=1", "-reduce_inputs=0",
      ], in: root, environment: ["SWIFT_BACKTRACE": "enable=no", "OPENBLAS_NUM_THREADS": "1"],
      limits: limits)
  }

  /// - Returns: the edges that were reached.
  private static func judge(_ hunt: Hunt, _ root: String, _ tally: inout Tally) throws -> Int {
    let ending = try hunt.subject.wait()
    let lines = ending.error.split(separator: "\n")
    func number(_ line: Substring, after word: String) -> Int? {
      line.range(of: word).flatMap { range in
        Int(line[range.upperBound...].drop { $0 == " " }.prefix { $0.isNumber })
      }
    }
    let tried =
      lines.compactMap { number($0, after: "stat::number_of_executed_units:") }.last ?? 0
    let edges = lines.compactMap { number($0, after: "cov: ") }.last ?? 0
    tally.held(hunt.reader, times: ending.cause == .code(0) ? tried : max(0, tried - 1))
    tally.notes.append("\(hunt.reader): \(edges) edges")
    guard ending.cause != .code(0) else { return edges }
    let input = lines.compactMap { line in
      line.range(of: "Test unit written to ").map { String(line[$0.upperBound...]) }
    }.last
    let reason = lines.first { $0.contains("Fatal error") || $0.contains("ERROR: ") }
    tally.failed(
      hunt.reader, reason.map(String.init) ?? "\(ending)",
      again: ["\(program)", hunt.reader, input ?? "\(found)/\(hunt.reader)"].shell)
    return edges
  }
}
