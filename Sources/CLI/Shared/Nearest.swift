/// The word of a list that a mistyped one is close to; nil where none is.
package func nearest(_ word: String, in words: [String]) -> String? {
  let typed = Array(word.lowercased())
  let found = words.map { (word: $0, edits: edits(typed, Array($0.lowercased()))) }
    .min { $0.edits < $1.edits }
  guard let found, found.edits <= max(2, typed.count / 3), 2 * found.edits <= typed.count else {
    // The beginning of one word alone.
    let begun = words.filter { typed.count > 2 && $0.lowercased().hasPrefix(word.lowercased()) }
    return begun.count == 1 ? begun[0] : nil
  }
  return found.word
}

/// The words that would do in place of one, as "one of p, u, ave or att; the nearest is ave".
package func oneOf(_ words: [String], for typed: String) -> String {
  let all =
    words.count < 2
    ? words.joined() : words.dropLast().joined(separator: ", ") + " or " + words[words.count - 1]
  // A form with parts to fill in is nobody's word.
  let near = nearest(typed, in: words.filter { $0.lowercased() == $0 })
  return (words.count > 2 ? "one of " : "") + all + (near.map { "; the nearest is \($0)" } ?? "")
}

/// Letters to insert, delete or replace on the way from one word to another.
private func edits(_ first: [Character], _ second: [Character]) -> Int {
  var row = Array(0...second.count)
  for (at, letter) in first.enumerated() {
    var diagonal = row[0]
    row[0] = at + 1
    for place in second.indices {
      let same = diagonal + (letter == second[place] ? 0 : 1)
      diagonal = row[place + 1]
      row[place + 1] = min(same, row[place] + 1, row[place + 1] + 1)
    }
  }
  return row[second.count]
}
