import Foundation

/// Mutations of a corpus for every reader of files, drawn without a look at what they reach: the same
/// ones for the same seed, by the program as it is built to be used.
///
/// An input fails that traps, takes more than a gigabyte or ten seconds, or is refused without a
/// sentence.
enum Mutated: CampaignPart {
  static let name = "mutations"
  static let summary = "drawn mutations of files for every reader"

  private static let corpus = "Tests/Campaign/Fuzz/Corpus"
  /// Inputs of a reader at most where none are asked for, and those of one process.
  private static let (most, portion) = (1_000_000, 500)

  static func run(in room: CampaignRoom) throws -> Tally {
    let root = FileManager.default.currentDirectoryPath
    let program = CampaignCommand.besideThis("fuzz")
    guard FileManager.default.isExecutableFile(atPath: program) else {
      throw Absent(description: "there is no \(program) here; ./campaign builds it")
    }
    let readers = try Subject.run([program], in: root).output.split(separator: "\n")
      .map(String.init)
    var tally = Tally()
    var begun: [String: Int] = [:]
    var left = readers
    var atWork: [(reader: String, numbers: Range<Int>, subject: Subject)] = []
    let processors = ProcessInfo.processInfo.activeProcessorCount
    // In turn, so that no reader waits for the others to be done.
    while !left.isEmpty || !atWork.isEmpty {
      if room.isOver { left = [] }
      while atWork.count < processors, !left.isEmpty {
        let reader = left.removeFirst()
        let first = begun[reader] ?? 0
        let numbers = first..<min(first + portion, room.inputs ?? most)
        begun[reader] = numbers.upperBound
        if numbers.upperBound < room.inputs ?? most { left.append(reader) }
        let subject = try start(program, reader, numbers, root, room)
        atWork.append((reader, numbers, subject))
      }
      for hunt in atWork where !hunt.subject.isRunning {
        try judge(hunt.reader, hunt.numbers, hunt.subject, &tally) {
          [
            program, hunt.reader, "--draw", "\(room.seed)", "\($0)", "1",
            "\(corpus)/\(hunt.reader)",
          ]
        }
      }
      atWork.removeAll { !$0.subject.isRunning }
      usleep(5_000)
    }
    return tally
  }

  private static func start(
    _ program: String, _ reader: String, _ numbers: Range<Int>, _ root: String,
    _ room: CampaignRoom
  ) throws -> Subject {
    // An input that does not end ends its process.
    try Subject(
      [
        program, reader, "--draw", "\(room.seed)", "\(numbers.lowerBound)", "\(numbers.count)",
        "\(corpus)/\(reader)",
      ], in: root, environment: ["SWIFT_BACKTRACE": "enable=no", "OPENBLAS_NUM_THREADS": "1"],
      limits: Subject.Limits(seconds: 1e9))
  }

  private static func judge(
    _ reader: String, _ numbers: Range<Int>, _ subject: Subject, _ tally: inout Tally,
    _ again: (_ number: Int) -> [String]
  ) throws {
    let ending = try subject.wait()
    guard ending.cause != .code(0) else {
      return tally.held(reader, times: numbers.count)
    }
    let last = ending.output.split(separator: "\n").last.flatMap { Int($0) } ?? numbers.lowerBound
    tally.held(reader, times: last - numbers.lowerBound)
    tally.failed(reader, "\(ending)", again: again(last).shell)
  }
}
