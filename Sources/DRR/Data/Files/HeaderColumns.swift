import DRRCore

/// The place of the column that a header gives one of the wanted names; nil where there is none.
///
/// - Throws: where two columns have such a name: which of them is meant, only the user knows.
package func column(
  _ wanted: [String], among names: [String], of file: String
) throws(DataError) -> Int? {
  let found = names.indices.filter { wanted.contains(names[$0]) }
  guard found.count > 1 else { return found.first }
  let (first, second) = (quoted(names[found[0]]), quoted(names[found[1]]))
  throw .line(
    LineFault(
      file: file, line: 1,
      found: first == second
        ? "two columns named \(first)" : "the columns \(first) and \(second), which mean the same",
      expected: "one of them"))
}
