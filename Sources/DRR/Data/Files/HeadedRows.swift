import DRRCore
import Platform
import Tensor

/// The rows of a comma-separated file whose first row names its columns.
package struct HeadedRows {
  private static let mostColumns = 1 << 14

  package let source: any ByteSource
  var progress: RatingsSource.Progress?

  package init(_ source: any ByteSource, _ progress: RatingsSource.Progress? = nil) {
    self.source = source
    self.progress = progress
  }

  package init(path: String, _ progress: RatingsSource.Progress? = nil) throws(DataError) {
    self.init(
      try FileSource(path: path, name: "\(path.parentFolder.lastPathPart)/\(path.lastPathPart)"),
      progress)
  }

  /// Calls `header` with the names of the columns, then `row` with each row.
  ///
  /// - Returns: the CRC-32 of the file.
  @discardableResult package func forEach(
    header: (Columns) throws(DataError) -> Void, row: (Row) throws(DataError) -> Void
  ) throws(DataError) -> String {
    let progress = progress
    let scanner = LineScanner(source, by: .comma) { progress?($0, $1) }
    let file = source.name
    var fields = Fields(kept: Self.mostColumns)
    var width = 0
    do throws(DataError) {
      try scanner.forEachBlock { (block) throws(DataError) in
        try scanner.forEachLine(of: block) { (line) throws(DataError) in
          try fields.split(line, .comma, of: file, scanner.line)
          if width == 0 {
            width = fields.count
            if width > Self.mostColumns {
              throw .tooLarge(file: file, what: "columns", limit: Self.mostColumns)
            }
            try header(Columns(fields, file: file, line: scanner.line))
            return
          }
          if fields.count != width {
            throw .columns(
              file: file, line: scanner.line, found: fields.count,
              expected: "\(width) as in the header")
          }
          try row(Row(file: file, line: scanner.line, fields: fields))
        }
      }
    } catch .lineTooLong(let file, let line, let limit) {
      throw .fault(
        file, line: line, found: "a line longer than \(limit) bytes", expected: "shorter ones")
    }
    if width == 0 {
      throw .fault(file, found: "it is empty", expected: "a header")
    }
    return UInt32(scanner.crc).hexadecimal
  }

  package struct Columns {
    package let file: String
    /// The names, all different, byte by byte.
    private let ids: RawIDs

    package var names: [String] { Array(ids) }

    fileprivate init(_ fields: Fields, file: String, line: Int) throws(DataError) {
      var ids = RawIDs()
      for column in 0..<fields.count {
        let name = fields[column]
        let fault = idFault(name) ?? (Int(ids.intern(name)) < column ? "each name once" : nil)
        if let fault {
          throw .fault(file, line: line, found: "the column \"\(quoted(name))\"", expected: fault)
        }
      }
      (self.file, self.ids) = (file, ids)
    }

    package func index(_ name: String) -> Int? { ids.lookup(name) }

    /// The place of a column that must be there.
    package func place(_ name: String, _ meaning: String) throws(DataError) -> Int {
      guard let place = index(name) else {
        throw .fault(
          file, line: 1,
          found: "no column \(name) in \"\(quoted(names.joined(separator: ",")))\"",
          expected: meaning)
      }
      return place
    }
  }

  package struct Row {
    package let file: String
    package let line: Int
    package let fields: Fields

    package func fault(_ name: String, _ field: Bytes, _ expected: String) -> DataError {
      let shown = field.isEmpty ? "\(name) is empty" : "\(name) is \"\(quoted(field))\""
      return .fault(file, line: line, found: shown, expected: expected)
    }

    package func number(_ column: Int, _ name: String) throws(DataError) -> Double {
      guard let value = Number.decimal(fields[column]) else {
        throw fault(name, fields[column], "a number")
      }
      return value
    }

    /// A number of 0 ... 1.
    package func share(_ column: Int, _ name: String) throws(DataError) -> Double {
      guard let value = Number.decimal(fields[column]), value >= 0, value <= 1 else {
        throw fault(name, fields[column], "a number in 0 ... 1")
      }
      return value
    }

    /// The dense index of an id that is given the next one where it is new.
    package func intern(
      _ column: Int, _ name: String, _ ids: inout RawIDs
    ) throws(DataError) -> Int32 {
      if fields[column].isEmpty { throw fault(name, fields[column], "an id") }
      if let expected = idFault(fields[column]) { throw fault(name, fields[column], expected) }
      return ids.intern(fields[column])
    }
  }
}
