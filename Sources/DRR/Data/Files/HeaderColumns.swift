import DRRCore

/// The place of the column that a header gives one of the wanted names; nil where there is none.
///
/// - Parameter shown: the names as the header spells them.
/// - Throws: where two columns have such a name: which of them is meant, only the user knows.
package func column(
  _ wanted: [String], among names: [String], shown: [String]? = nil, of file: String
) throws(DataError) -> Int? {
  let found = names.indices.filter { wanted.contains(names[$0]) }
  guard found.count > 1 else { return found.first }
  let shown = shown ?? names
  let (first, second) = (quoted(shown[found[0]]), quoted(shown[found[1]]))
  throw .fault(
    file, line: 1,
    found: first == second
      ? "two columns named \(first)" : "the columns \(first) and \(second), which mean the same",
    expected: "one of them")
}
