import Foundation
import Tensor
import TestSupport

/// Files of runs and models whose checksums are right and whose values no training has written.
/// Every tensor of every kind of run is given values that are not numbers, infinite, negative, too
/// large or past the end of what they point into, another shape or type, or is taken away; every
/// entry of the metadata likewise. Then the run is gone on with, evaluated and recommended from.
///
/// A process held where it says in a sentence what is wrong, or goes on with values that a training
/// can have. It failed where a signal or a trap ended it, where it did not end, and where it went on
/// from a value that is not a number or out of range.
enum CheckpointMutations: CampaignPart {
  static let name = "checkpoints"
  static let summary = "values in checkpoints that no training writes, under right checksums"

  static func run(in room: CampaignRoom) throws -> Tally {
    var tally = Tally()
    var random = room.draws(name)
    let devices = try ["cpu", "opencl"].filter { device in
      let ending = try Subject.run(
        [room.program, "devices"], in: NSTemporaryDirectory(), limits: .patient)
      let isThere = device == "cpu" || ending.output.contains("opencl")
      if !isThere { tally.notes.append("No OpenCL device: nothing was tried on one.") }
      return isThere
    }
    var trials: [Trial] = []
    var left: [TemporaryFolder] = []
    for kind in StoredRun.all {
      for device in kind.isOnDevice ? devices : ["cpu"] {
        let folder = TemporaryFolder()
        left.append(folder)
        guard try kind.prepare(in: folder, room.program, device: device) else {
          tally.notes.append("\(kind.name) on \(device) could not be prepared.")
          continue
        }
        trials += try Trial.all(of: kind, in: folder, device: device)
      }
    }
    tally.notes.append("\(trials.count) mutations of \(StoredRun.all.count) kinds of run in all.")
    for trial in Trial.inTurn(trials, &random) {
      if room.isOver { break }
      let (fault, again) = try trial.fault(room.program, &random)
      tally.count("\(trial.kind.name), \(trial.device)", fault, again: again)
    }
    _ = left
    return tally
  }
}

extension Subject.Limits {
  /// For what takes its time.
  static var patient: Self {
    var limits = Self()
    limits.seconds = 120
    return limits
  }

  /// Ten seconds of work; the machine may have other work too.
  static var reading: Self {
    var limits = Self()
    limits.seconds = 40
    return limits
  }
}

/// One change to one file, and one command after it.
private struct Trial {
  let kind: StoredRun
  let device: String
  let folder: TemporaryFolder
  /// The run that is changed, and the file in it.
  let run: String
  let file: String
  let tensor: String?
  let mutation: Mutation
  let command: [String]
  /// Whether the command takes up all that is in the file.
  let isResume: Bool

  static func all(
    of kind: StoredRun, in folder: TemporaryFolder, device: String
  ) throws -> [Trial] {
    var trials: [Trial] = []
    for (run, commands) in [("begun", [kind.resume]), ("done", kind.readers)] {
      let files = (FileManager.default.enumerator(atPath: "\(folder.path)/\(run)") ?? .init())
        .compactMap { $0 as? String }.filter { $0.hasSuffix(".safetensors") }.sorted()
      for file in files {
        let found = try SafetensorsFile(contentsOf: "\(folder.path)/\(run)/\(file)")
        for command in commands {
          func add(_ tensor: String?, _ mutation: Mutation) {
            trials.append(
              Trial(
                kind: kind, device: device, folder: folder, run: run, file: file, tensor: tensor,
                mutation: mutation, command: command, isResume: run == "begun"))
          }
          for entry in found.entries {
            for mutation in Mutation.all(of: entry, in: found) { add(entry.name, mutation) }
          }
          for key in found.metadata.keys.sorted() {
            for value in ["", "-1", "999999999999999999999", "nonsense", "[]"] {
              add(nil, .metadata(key, value))
            }
            add(nil, .metadata(key, nil))
          }
          add(nil, .extra)
        }
      }
    }
    return trials
  }

  /// A kind after the other, and of each a tensor after the other, so that whatever is tried first is
  /// of everything.
  static func inTurn(_ trials: [Trial], _ random: inout SeededGenerator) -> [Trial] {
    func dealt(_ groups: [[Trial]]) -> [Trial] {
      var left = groups.map { $0[...] }
      var all: [Trial] = []
      while !left.isEmpty {
        all += left.map { $0.first! }
        left = left.map { $0.dropFirst() }.filter { !$0.isEmpty }
      }
      return all
    }
    let kinds = Dictionary(grouping: trials) { "\($0.kind.name) \($0.device)" }
    return dealt(
      kinds.keys.sorted().map { kind in
        let tensors = Dictionary(grouping: kinds[kind]!) {
          "\($0.run) \($0.file) \($0.tensor ?? "")"
        }
        return dealt(
          tensors.keys.sorted().shuffled(using: &random).map {
            tensors[$0]!.shuffled(using: &random)
          })
      })
  }

  /// Why the program did not hold; nil where it did.
  func fault(
    _ program: String, _ random: inout SeededGenerator
  ) throws -> (fault: String?, again: String) {
    let trial = TemporaryFolder()
    try FileManager.default.copyItem(
      atPath: "\(folder.path)/\(run)", toPath: "\(trial.path)/run")
    let path = "\(trial.path)/run/\(file)"
    let before = try SafetensorsFile(contentsOf: path)
    try mutation.write(tensor, of: before, to: path, &random)
    let words = [program] + command + (kind.isOnDevice ? ["--device", device] : [])
    let ending = try Subject.run(words, in: trial.path, limits: .reading)
    let what = "\(file) \(tensor ?? "") \(mutation)"
    let again = "\(words.shell)  # \(what)"
    if let fault = ending.fault { return ("\(what): \(fault)", again) }
    guard ending.cause == .code(0), isResume, let entry = tensor.flatMap({ before.entry($0) }),
      mutation.isSeen(in: entry)
    else {
      return (nil, again)
    }
    return ("\(what): it went on without a word", again)
  }
}

/// A change to a tensor or to an entry of the metadata.
enum Mutation: CustomStringConvertible {
  case number(Double, at: Place)
  case json(String)
  case shape
  case type
  case missing
  case extra
  case metadata(String, String?)

  enum Place: String, CaseIterable { case first, any, all }

  var description: String {
    switch self {
    case .number(let value, let place): "= \(value) (\(place.rawValue))"
    case .json(let text): "a number of its JSON = \(text)"
    case .shape: "of another shape"
    case .type: "of another type"
    case .missing: "missing"
    case .extra: "one tensor more"
    case .metadata(let key, let value): "\(key) = \(value.map { "'\($0)'" } ?? "nothing")"
    }
  }

  static func all(of entry: SafetensorsFile.Entry, in file: SafetensorsFile) -> [Mutation] {
    var all: [Mutation] = [.shape, .type, .missing]
    let count = entry.shape.reduce(1, *)
    guard count > 0 else { return all }
    let places = count == 1 ? [Place.first] : Place.allCases
    let values: [Double]
    switch entry.type {
    case .f32, .f64: values = [.nan, .infinity, -.infinity, -1, 0, 1e30, -1e30]
    case .u8:
      let bytes: [UInt8] = (try? file.values(entry.name)) ?? []
      if bytes.first == UInt8(ascii: "{") || bytes.first == UInt8(ascii: "[") {
        return all
          + ["-1", "0", "1000000000", "1e300", "null", "\"x\"", "[]"].map { Mutation.json($0) }
      }
      values = [0, 2, 255]
    default:
      let most = (try? Self.integers(entry, file))?.max() ?? 0
      values = [-1, 0, 0x7FFF_FFFF, 1e9, Double(most) + 1, 9e18]
    }
    for value in values { all += places.map { .number(value, at: $0) } }
    return all
  }

  private static func integers(
    _ entry: SafetensorsFile.Entry, _ file: SafetensorsFile
  ) throws -> [Int64] {
    switch entry.type {
    case .i32: try file.values(entry.name, as: Int32.self).map { Int64($0) }
    case .u32: try file.values(entry.name, as: UInt32.self).map { Int64($0) }
    case .u64: try file.values(entry.name, as: UInt64.self).map { Int64(clamping: $0) }
    default: try file.values(entry.name, as: Int64.self)
    }
  }

  /// Arrays whose numbers say where something is: what is past the end is none of theirs.
  private static let places = [
    "chosen", "clicks", "ended", "episodes", "folds", "kinds", "lengths", "list_lengths", "next",
    "pending", "places", "playing", "rows", "shown", "slot", "states", "trainees",
  ]
  /// Where −1 stands for what is not there.
  private static let none = ["counters", "learned", "states"]

  /// Whether a program that goes on from it has overlooked what no training writes. Weights and sums
  /// may have any finite value, and counts any from 0 to 2^48.
  func isSeen(in entry: SafetensorsFile.Entry) -> Bool {
    guard case .number(let value, _) = self else { return false }
    let name = entry.name.split(separator: ".").last.map(String.init) ?? entry.name
    switch entry.type {
    case .f32, .f64: return !value.isFinite && !(value == -.infinity && name.hasSuffix("_score"))
    case .i32, .i64:
      if value == -1 { return !Self.none.contains(name) }
      return value > 1e12 || value >= 1e9 && Self.places.contains(name)
    default: return false
    }
  }

  /// The file with this change, and checksums that are right again.
  func write(
    _ tensor: String?, of file: SafetensorsFile, to path: String, _ random: inout SeededGenerator
  ) throws {
    var metadata = file.metadata
    if case .metadata(let key, let value) = self { metadata[key] = value }
    var writer = try file.rewritten(metadata: metadata) { entry, writer in
      guard entry.name == tensor else { return false }
      if case .missing = self { return true }
      switch entry.type {
      case .f32: try add(entry, file, &writer, &random) { Float($0) }
      case .f64: try add(entry, file, &writer, &random) { $0 }
      case .i32: try add(entry, file, &writer, &random) { Int32(saturating: $0) }
      case .i64: try add(entry, file, &writer, &random) { Int64(saturating: $0) }
      case .u32: try add(entry, file, &writer, &random) { UInt32(saturating: $0) }
      case .u64: try add(entry, file, &writer, &random) { UInt64(saturating: $0) }
      default: try add(entry, file, &writer, &random) { UInt8(saturating: $0) }
      }
      return true
    }
    if case .extra = self { try writer.add("one.more", [Float.nan, 1]) }
    try writer.write(to: path)
  }

  private func add<Element: TensorElement>(
    _ entry: SafetensorsFile.Entry, _ file: SafetensorsFile, _ writer: inout SafetensorsWriter,
    _ random: inout SeededGenerator, _ element: (Double) -> Element
  ) throws {
    var values = try file.values(entry.name, as: Element.self)
    switch self {
    case .number(let value, .first): values[0] = element(value)
    case .number(let value, .any):
      values[.random(in: values.indices, using: &random)] = element(value)
    case .number(let value, .all): values = values.map { _ in element(value) }
    case .json(let text):
      return try writer.add(entry.name, changed(file.values(entry.name), text, &random))
    case .shape: return try writer.add(entry.name, values + [element(1)])
    case .type:
      return Element.self == Float.self
        ? try writer.add(entry.name, values.map { _ in Double(1) }, shape: entry.shape)
        : try writer.add(entry.name, values.map { _ in Float(1) }, shape: entry.shape)
    case .missing, .extra, .metadata: break
    }
    try writer.add(entry.name, values, shape: entry.shape)
  }

  /// JSON in which one number, wherever, is another text.
  private func changed(_ bytes: [UInt8], _ text: String, _ random: inout SeededGenerator) -> [UInt8]
  {
    let json = String(decoding: bytes, as: UTF8.self)
    let numbers = json.matches(of: /[:\[,](-?[0-9][-+.eE0-9]*)/).map(\.1)
    guard let number = numbers.randomElement(using: &random) else { return Array(text.utf8) }
    return Array(
      (json[..<number.startIndex] + Substring(text) + json[number.endIndex...]).utf8)
  }
}
