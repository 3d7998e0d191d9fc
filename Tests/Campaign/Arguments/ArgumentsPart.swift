import Foundation
import TestSupport

/// Every option of every command with values that are extreme, and options that contradict each
/// other. Each trial is a process without rights in a folder of its own.
///
/// A trial fails that ends by a signal, takes too much memory, is at work after ten seconds and
/// does not heed SIGTERM, ends with a code and no sentence, or prints a figure that is no number: a
/// run or a file may be called `nan`.
enum Arguments: CampaignPart {
  static let name = "arguments"
  static let summary = "every option of every command with extreme and conflicting values"

  private static let patience = 10.0
  /// Resident memory that a trial on tiny data may take, in bytes.
  private static let mostMemory = 3 << 30

  static func run(in room: CampaignRoom) throws -> Tally {
    var (tally, draws) = (Tally(), room.draws(name))
    let leaves = try CommandTree.leaves(of: room.program)
    let world = try ArgumentWorld(room.program)
    tally.notes.append(
      "\(leaves.count) commands with \(leaves.reduce(0) { $0 + $1.words.count }) options and words; "
        + "\(ArgumentValues.all.count) values for each.")
    var single = leaves.flatMap(singles).shuffled(using: &draws)
    var long = 0
    var trials: [Trial] = []
    let processors = ProcessInfo.processInfo.activeProcessorCount
    var left = room.inputs ?? .max
    while !(room.isOver || left == 0) || !trials.isEmpty {
      while !room.isOver, left > 0, trials.count < processors {
        left -= 1
        let (kind, words) =
          single.popLast().map { ("one option", $0) }
          ?? ("several options", several(leaves.randomElement(using: &draws)!, &draws))
        trials.append(try Trial(kind, words, in: world, program: room.program))
      }
      for trial in trials where try trial.isOver(after: patience, memory: mostMemory) {
        long += trial.wasAsked ? 1 : 0
        tally.count(trial.kind, try trial.fault(), again: trial.again)
      }
      trials.removeAll { $0.isJudged }
      usleep(500)
    }
    tally.notes.append("\(long) were at work after \(Int(patience)) s and heeded SIGTERM.")
    return tally
  }

  /// Each word of a command with each value.
  private static func singles(_ leaf: CommandTree.Leaf) -> [[String]] {
    leaf.words.flatMap { word -> [[String]] in
      let base = ArgumentWorld.base(of: leaf, without: [word])
      switch word.kind {
      case "flag": return [base + [word.spelled], base + [word.spelled, word.spelled]]
      case "positional":
        return ArgumentValues.all.map { base + ["--", $0] }
      default:
        let valued = (ArgumentValues.all + word.listed).map { base + ["\(word.spelled)=\($0)"] }
        return valued + [base + [word.spelled], base + ["\(word.spelled)=1", "\(word.spelled)=2"]]
      }
    }
  }

  /// A command with two to four options at once.
  private static func several(_ leaf: CommandTree.Leaf, _ draws: inout SeededGenerator) -> [String]
  {
    let chosen = leaf.words.shuffled(using: &draws).prefix(Int.random(in: 2...4, using: &draws))
    return ArgumentWorld.base(of: leaf, without: Array(chosen))
      + chosen.map { word in
        if word.kind == "flag" { return word.spelled }
        let pools =
          [ArgumentValues.numbers, ArgumentValues.all]
          + (word.listed.isEmpty ? [] : [word.listed, word.listed])
        let pool = pools.randomElement(using: &draws)!
        let value = pool.randomElement(using: &draws)!
        return word.kind == "positional" ? value : "\(word.spelled)=\(value)"
      }
  }
}

/// One process with its words.
private final class Trial {
  let kind: String
  private let words: [String]
  private let world: ArgumentWorld
  private let program: String
  private let folder: TemporaryFolder
  private let subject: Subject
  private var asked: Double?
  private var excess: String?
  private(set) var isJudged = false

  init(_ kind: String, _ words: [String], in world: ArgumentWorld, program: String) throws {
    (self.kind, self.words, self.world, self.program) = (kind, words, world, program)
    folder = try world.copy()
    subject = try Self.start([program] + words, in: folder.path, seconds: 1e9)
  }

  private static func start(
    _ words: [String], in folder: String, seconds: Double
  ) throws -> Subject {
    var limits = Subject.Limits(seconds: seconds)
    limits.fileBlocks = 1 << 20
    limits.unprivileged = true
    return try Subject(
      words, in: folder,
      environment: [
        "HOME": folder, "OPENBLAS_NUM_THREADS": "1", "OCL_ICD_VENDORS": "/nonexistent",
        "SWIFT_BACKTRACE": "enable=no",
      ], limits: limits)
  }

  var again: String {
    let shown = words.map { word in
      word.utf8.count > 300 ? "\(word.prefix(40))…(\(word.utf8.count) bytes)" : word
    }
    return (["drr"] + shown).shell
  }

  /// Whether it had to be asked to end, and did.
  var wasAsked: Bool { asked != nil && excess == nil }

  /// Whether the process has ended; one that takes too long is asked to, then killed.
  func isOver(after patience: Double, memory: Int) throws -> Bool {
    guard subject.isRunning else { return true }
    let resident = Self.resident(subject.process)
    if resident > memory {
      excess = "took \(resident >> 20) MiB"
    } else if let asked, subject.seconds - asked > 5 {
      excess = "at work after \(Int(patience)) s, and 5 s after SIGTERM"
    } else if asked == nil, subject.seconds > patience {
      asked = subject.seconds
      subject.send(SIGTERM, toGroup: true)
    }
    if excess != nil { subject.end() }
    return excess != nil
  }

  func fault() throws -> String? {
    isJudged = true
    let ending = try subject.wait()
    if let excess { return excess }
    // As a shell has it: 128 and the signal's number, or 130 as after Control-C.
    if asked != nil, [.signal(SIGTERM), .code(143), .code(130)].contains(ending.cause) {
      return nil
    }
    if let fault = ending.fault { return fault }
    let error = ending.error
    switch ending.cause {
    case .code(0):
      guard let none = Self.noNumber(in: ending.output), try !isName(none) else { return nil }
      return "exit 0, and it prints \(none)"
    default:
      if asked != nil { return nil }
      let escapes = (ending.output + error).unicodeScalars.contains {
        ($0.value < 32 && $0 != "\n" && $0 != "\t") || 0x7f...0x9f ~= $0.value
      }
      if escapes { return "a message with control characters" }
      guard let sentence = error.range(of: "Error: ") else {
        return "no sentence: \(error.suffix(300))"
      }
      let said = error[sentence.upperBound...]
      for vague in ["couldn’t be completed", "Error Domain", "DecodingError", "Swift."]
      where said.contains(vague) {
        return "no sentence of ours: \(said.prefix(300))"
      }
      return said.allSatisfy(\.isWhitespace) ? "an empty sentence" : nil
    }
  }

  private static let noNumbers: Set = ["nan", "inf", "infinity"]

  private static func parts(_ text: String) -> [Substring] {
    text.split { !($0.isLetter || $0.isNumber || $0 == ".") }
  }

  private static func noNumber(in output: String) -> Substring? {
    parts(output).first { noNumbers.contains($0.lowercased()) }
  }

  /// Whether what is printed is what was typed, which is a name: with others in the place of all
  /// such names the command works as well, and prints none. One that takes a number refuses them.
  private func isName(_ printed: Substring) throws -> Bool {
    let names = Set(words.flatMap(Self.parts)).filter { Self.noNumbers.contains($0.lowercased()) }
    guard names.contains(printed) else { return false }
    let renamed = words.map { word in
      let option = word.hasPrefix("--") ? String(word.prefix { $0 != "=" }) : ""
      return names.reduce(into: option + word.dropFirst(option.count)) { word, name in
        word =
          option
          + word.dropFirst(option.count).replacingOccurrences(of: name, with: "name")
      }
    }
    let folder = try world.copy()
    let ending = try Self.start([program] + renamed, in: folder.path, seconds: 60).wait()
    return ending.cause == .code(0) && Self.noNumber(in: ending.output) == nil
  }

  private static func resident(_ process: pid_t) -> Int {
    guard let text = try? String(contentsOfFile: "/proc/\(process)/statm", encoding: .utf8) else {
      return 0
    }
    let fields = text.split(separator: " ")
    return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * Int(getpagesize())
  }
}
