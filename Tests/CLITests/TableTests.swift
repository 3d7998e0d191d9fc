import Terminal
import Testing

@Suite("Tables as they are written")
struct TableTests {
  private let table = Table(rows: [
    ["", "NDCG@10 "], ["> a, \"b\" | c*", "0.5 [0.4, 0.6]"], ["γ_%", "1"],
  ])

  @Test("in four forms, what each form takes for a sign escaped") func forms() {
    #expect(table.written(.text) == table.text)
    #expect(
      table.written(.csv) == """
        ,NDCG@10
        "> a, ""b"" | c*","0.5 [0.4, 0.6]"
        γ_%,1
        """)
    #expect(
      table.written(.markdown) == #"""
        |  | NDCG@10 |
        | --- | ---: |
        | > a, "b" \| c\* | 0.5 [0.4, 0.6] |
        | γ_% | 1 |
        """#)
    #expect(
      table.written(.latex) == #"""
        \begin{tabular}{lr}
        \hline
         & NDCG@10 \\
        \hline
        > a, "b" | c* & 0.5 [0.4, 0.6] \\
        $\gamma$\_\% & 1 \\
        \hline
        \end{tabular}
        """#)
    #expect(Table(rows: []).written(.latex) == "")
  }

  @Test("a text is broken between words, within its columns") func wrapping() {
    let text = "one two three four five six seven eight nine ten"
    for columns in [5, 11, 20, 80] {
      let lines = wrapped(text, columns: columns, indent: 2).split(separator: "\n")
      #expect(lines.allSatisfy { $0.count <= max(columns, 7) })
      #expect(
        lines.joined(separator: " ").split(separator: " ").joined(separator: " ") == text)
      #expect(lines.dropFirst().allSatisfy { $0.hasPrefix("  ") })
    }
    #expect(wrapped("", columns: 4) == "")
    // A word that is longer than a line stands in one of its own.
    #expect(wrapped("a verylongword b", columns: 4) == "a\nverylongword\nb")
  }
}
