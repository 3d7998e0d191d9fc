import DRRCore
import DRRData
import Essentials
import Platform
import Serving
import Tensor

/// The models that a served one took the place of, beside it: in `CURRENT.history` a copy of each,
/// in numbered folders, and `promotions.jsonl`, a line for every exchange, which is announced before
/// it. One process at a time has it.
///
/// The served folder is exchanged in one step, and a model is copied before its place is taken, so
/// that none is lost wherever a process is killed.
public final class PromotionHistory {
  /// A line of `promotions.jsonl`.
  public struct Record: Codable, Hashable, Sendable {
    /// What was done.
    public enum Action: String, Codable, Sendable {
      /// A model took the place of the served one.
      case promote
      /// The latest that was replaced came back.
      case rollback
      /// The exchange of the line before was not reached.
      case interrupted
    }

    public var action: Action
    /// Whether the exchange is still to come; absent where it is done.
    public var isAnnounced: Bool?
    /// Seconds since 1970.
    public var time: Double
    /// The folder of the copy: of what a promotion replaced, or of what came back.
    public var number: Int
    /// Of a rollback, the folder of the copy of what it replaced.
    public var kept: Int?
    /// Version of the model that was served.
    public var from: String
    /// Version of the model that takes its place.
    public var to: String
    /// The folder that a promoted model came from.
    public var source: String?
    /// The figures of a promotion.
    public var promotion: Promotion?
  }

  /// The folder of the served model.
  public let current: String
  /// The folder of the history.
  public let folder: String
  /// All lines, the oldest first.
  public private(set) var records: [Record] = []
  private var lock: Int32 = -1

  /// A step of an exchange.
  package enum Step: Sendable { case announced, exchanged }
  private let reached: (Step) -> Void

  private var path: String { folder + "/promotions.jsonl" }

  /// Opens the history of a served model, which is made where there is none.
  ///
  /// - Throws: `FeedbackError` where another process has it, or it cannot be read.
  public convenience init(of current: String) throws { try self.init(of: current) { _ in } }

  /// - Parameter reached: told of each step of an exchange, behind which a test ends the process.
  package init(of current: String, reached: @escaping (Step) -> Void) throws {
    self.reached = reached
    var trimmed = current
    while trimmed.count > 1 && trimmed.hasSuffix("/") { trimmed.removeLast() }
    self.current = trimmed
    folder = trimmed + ".history"
    try RunFolder(folder).create(for: "history")
    lock = try FeedbackError.locking(
      folder, "another process promotes a model over \(trimmed); wait until it has ended")
    records = try Self.records(path)
  }

  deinit { if lock >= 0 { close(lock) } }

  /// What a history has recorded; nothing where there is none.
  ///
  /// - Throws: `FeedbackError` where a line is not of a history.
  private static func records(_ path: String) throws -> [Record] {
    guard access(path, F_OK) == 0 else { return [] }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw FeedbackError("cannot read \(path)")
    }
    return try data.split(separator: 10).enumerated().map { number, line in
      do {
        return try JSONDecoder().decode(Record.self, from: Data(line))
      } catch {
        throw FeedbackError(
          "\(path):\(number + 1): not a line of a history of promotions; restore it from a copy")
      }
    }
  }

  private func append(_ record: Record) throws {
    records.append(record)
    try writeRecords()
  }

  private func writeRecords() throws {
    let lines = try records.map { try RunFolder.json($0) + "\n" }
    try AtomicFile.write(lines.joined(), to: path)
  }

  /// Announces an exchange, makes it, and says that it is done.
  private func exchange(_ record: Record, to model: ExportedModel) throws {
    var record = record
    record.isAnnounced = true
    try append(record)
    reached(.announced)
    try model.write(toFolder: current)
    reached(.exchanged)
    try complete()
  }

  private func complete() throws {
    records[records.count - 1].isAnnounced = nil
    try writeRecords()
  }

  private var numbers: [Int] {
    (namesInFolder(folder) ?? []).compactMap { $0.count == 4 ? Int($0) : nil }.sorted()
  }

  /// The folder of a copy.
  public func path(of number: Int) -> String {
    "\(folder)/\(String(number, digits: 4))"
  }

  /// Says of an exchange that a killed process announced whether it was made.
  ///
  /// - Returns: the exchange, where it was.
  private func settle(_ served: ExportedModel) throws -> Record? {
    let version = served.header.checksum
    guard let last = records.last, last.action != .interrupted else { return nil }
    if last.to == version, last.isAnnounced == true {
      try complete()
      return last
    }
    guard last.to != version, last.from == version else { return nil }
    if last.isAnnounced == true { records[records.count - 1].isAnnounced = nil }
    try append(
      Record(
        action: .interrupted, time: Program.now.timeIntervalSince1970, number: last.number,
        kept: last.kept, from: last.from, to: last.to))
    return nil
  }

  /// A copy of a model in the history: the latest, where it is of that model.
  private func keep(_ model: ExportedModel) throws -> Int {
    let last = numbers.last
    if let last, let copy = try? ExportedModel(folder: path(of: last)),
      copy.header.checksum == model.header.checksum
    {
      return last
    }
    let number = (last ?? 0) + 1
    guard number < 10_000 else {
      throw FeedbackError("\(folder) holds 9,999 copies; move the oldest elsewhere")
    }
    try model.write(toFolder: path(of: number))
    return number
  }

  /// Puts a copy of a model in the place of the served one.
  ///
  /// - Returns: the number of the copy of the model that was served.
  /// - Throws: where a file cannot be written; the served model is as it was then.
  @discardableResult
  public func promote(
    _ model: ExportedModel, over served: ExportedModel, source: String, _ promotion: Promotion
  ) throws -> Int {
    _ = try settle(served)
    let number = try keep(served)
    try exchange(
      Record(
        action: .promote, time: Program.now.timeIntervalSince1970, number: number,
        from: served.header.checksum, to: model.header.checksum, source: source,
        promotion: promotion), to: model)
    return number
  }

  /// Copies that promotions replaced and no rollback has brought back, the latest last.
  private var replaced: [Int] {
    var stack: [Int] = []
    for (at, record) in records.enumerated() {
      switch record.action {
      case .promote: stack.append(record.number)
      case .rollback: _ = stack.popLast()
      case .interrupted:
        let undone = at > 0 ? records[at - 1] : nil
        if undone?.action == .promote { _ = stack.popLast() }
        if undone?.action == .rollback { stack.append(record.number) }
      }
    }
    return stack
  }

  /// Brings the latest model back that a promotion replaced. A rollback that a killed process had
  /// made is completed, and no other is made.
  ///
  /// - Throws: `FeedbackError` where there is none; where a file cannot be written, and the served
  ///   model is as it was then.
  public func rollback(from served: ExportedModel) throws -> Record {
    if let made = try settle(served), made.action == .rollback { return made }
    guard let number = replaced.last else {
      throw FeedbackError("\(folder) has no promotion to take back; \(current) is as it was")
    }
    let model = try ExportedModel(folder: path(of: number))
    let kept = try keep(served)
    let record = Record(
      action: .rollback, time: Program.now.timeIntervalSince1970, number: number, kept: kept,
      from: served.header.checksum, to: model.header.checksum)
    try exchange(record, to: model)
    return record
  }
}
