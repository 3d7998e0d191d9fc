/// A table of ratings by its first line, or by the names of its objects.
struct RatingsTable {
  var path: String
  /// As messages name it.
  var file: String
  var form: RatingsLayout.Form
  var names: [String]
  var line: String
  var separator: Separator
  /// Whether each column's name had its type behind it.
  var isTyped: Bool

  /// The place of a column that was named, or is one of `wanted`; nil where nothing says which.
  func place(
    _ given: ReadingOptions.Column?, _ what: String, _ wanted: [String], hasHeader: Bool
  ) throws(DataError) -> Int? {
    let normalised = names.map(KnownLayout.normalised)
    func fault(_ found: String, _ expected: String) -> DataError {
      .fault(file, line: 1, found: found, expected: expected)
    }
    switch given {
    case nil:
      return hasHeader ? try column(wanted, among: normalised, shown: names, of: file) : nil
    case .number(let number):
      guard number >= 1, number <= names.count else {
        throw fault(
          "no column \(number) for the \(what) among \(names.count)", "1 to \(names.count)")
      }
      return number - 1
    case .named(let name):
      guard hasHeader else {
        throw fault(
          "no header, and the \(what)'s column named \"\(quoted(name))\"", "its number from 1 on")
      }
      var found = try column([name], among: names, of: file)
      if found == nil {
        found = try column(
          [KnownLayout.normalised(name)], among: normalised, shown: names, of: file)
      }
      guard let found else {
        throw fault(
          "no column \"\(quoted(name))\" for the \(what) in \"\(quoted(line))\"",
          "one of its names, or a number from 1 on")
      }
      return found
    }
  }
}
