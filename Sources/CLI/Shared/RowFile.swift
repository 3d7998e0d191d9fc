import ArgumentParser
import DRR
import Tensor

/// A table that goes to a file: comma-separated with a header, or a JSON object a line, as the
/// file's extension says. It appears whole or not at all.
struct RowFile {
  enum Cell {
    case text(String)
    case number(Double)
    /// As many digits as tell it from its neighbours.
    case score(Float)
    case none
  }

  private let path: String
  private let columns: [String]
  private let isCSV: Bool
  private var bytes: [UInt8] = []

  /// Whether the extension is one of the two.
  static func isNamed(_ path: String) -> Bool { path.hasSuffix(".csv") || path.hasSuffix(".jsonl") }

  /// Refuses a path of another extension, or in a folder that is not there.
  static func requireName(_ path: String, _ option: String) throws {
    guard isNamed(path) else {
      throw ValidationError("\(option) is \(path); its name must end in .csv or .jsonl.")
    }
    try requireFolder(of: path, option)
  }

  init(_ path: String, columns: [String]) {
    self.path = path
    self.columns = columns
    isCSV = path.hasSuffix(".csv")
    if isCSV { bytes += Array((columns.joined(separator: ",") + "\n").utf8) }
  }

  /// - Parameter cells: one a column.
  mutating func add(_ cells: [Cell]) {
    if !isCSV { bytes.append(UInt8(ascii: "{")) }
    var isFirst = true
    for (column, cell) in zip(columns, cells) {
      if !isCSV, case .none = cell { continue }
      if !isFirst { bytes.append(UInt8(ascii: ",")) }
      isFirst = false
      if !isCSV { bytes += Array("\"\(column)\":".utf8) }
      switch cell {
      case .text(let text): isCSV ? addField(text) : addString(text)
      case .number(let number):
        bytes += Array(
          (number == number.rounded() && abs(number) < 1e15 ? "\(Int(number))" : "\(number)").utf8)
      case .score(let score): bytes += Array("\(score)".utf8)
      case .none: break
      }
    }
    if !isCSV { bytes.append(UInt8(ascii: "}")) }
    bytes.append(UInt8(ascii: "\n"))
  }

  private mutating func addField(_ text: String) {
    guard text.utf8.contains(where: { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }) else {
      bytes += Array(text.utf8)
      return
    }
    bytes.append(0x22)
    for byte in text.utf8 {
      if byte == 0x22 { bytes.append(0x22) }
      bytes.append(byte)
    }
    bytes.append(0x22)
  }

  private mutating func addString(_ text: String) {
    bytes.append(0x22)
    for byte in text.utf8 {
      switch byte {
      case 0x22, 0x5C: bytes += [0x5C, byte]
      case 0..<0x20:
        let digits = String(byte, radix: 16)
        bytes += Array(("\\u00" + (digits.count < 2 ? "0" : "") + digits).utf8)
      default: bytes.append(byte)
      }
    }
    bytes.append(0x22)
  }

  func write() throws { try AtomicFile.write(bytes, to: path) }
}
