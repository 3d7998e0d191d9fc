import TestSupport

/// One way of trying to break the program.
protocol CampaignPart: Sendable {
  /// The word that asks for it.
  static var name: String { get }
  /// What it tries, in half a line.
  static var summary: String { get }
  /// Tries until all is tried or `room.isOver`.
  static func run(in room: CampaignRoom) throws -> Tally
}

/// What a part is given.
struct CampaignRoom {
  /// The absolute path of `drr`.
  let program: String
  let seed: UInt64
  let deadline: ContinuousClock.Instant
  /// The most inputs of a fuzzed reader, trials of options, and bodies and kills of a server; nil: as
  /// many as there is time for.
  let inputs: Int?

  var isOver: Bool { ContinuousClock.now >= deadline }

  /// Draws that depend on the seed and the name alone.
  func draws(_ name: String) -> SeededGenerator {
    SeededGenerator(
      name.utf8.reduce(seed &* 0x9E37_79B9_7F4A_7C15) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 })
  }
}

/// How often each kind of trial was made, and how often it held.
struct Tally {
  struct Row: Codable {
    var kind: String
    var tried = 0
    var held = 0
    var failed: Int { tried - held }
  }

  struct Failure: Codable {
    var kind: String
    var what: String
    /// The shell command that shows it again.
    var again: String
  }

  private(set) var rows: [Row] = []
  private(set) var failures: [Failure] = []
  /// What could not be tried, in a sentence each, and other figures of the part (coverage).
  var notes: [String] = []

  /// A trial that held.
  mutating func held(_ kind: String, times count: Int = 1) {
    let row = place(of: kind)
    rows[row].tried += count
    rows[row].held += count
  }

  /// A trial that did not.
  mutating func failed(_ kind: String, _ what: String, again: String) {
    rows[place(of: kind)].tried += 1
    failures.append(Failure(kind: kind, what: what, again: again))
  }

  /// A trial that held where `fault` is nil.
  mutating func count(_ kind: String, _ fault: String?, again: @autoclosure () -> String) {
    if let fault { failed(kind, fault, again: again()) } else { held(kind) }
  }

  private mutating func place(of kind: String) -> Int {
    if let place = rows.firstIndex(where: { $0.kind == kind }) { return place }
    rows.append(Row(kind: kind))
    return rows.count - 1
  }
}
