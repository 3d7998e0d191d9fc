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
        $>$ a, "b" | c* & 0.5 [0.4, 0.6] \\
        $\gamma$\_\% & 1 \\
        \hline
        \end{tabular}
        """#)
    #expect(Table(rows: []).written(.latex) == "")
  }

  @Test("lines that do not fit are broken between words, under what stands before them")
  func fits() {
    let prose = "one two three four five six seven eight nine ten"
    #expect(fitted(prose, columns: 20) == "one two three four\n  five six seven\n  eight nine ten")
    #expect(
      fitted("protocol  \(prose)", columns: 24)
        == "protocol  one two three\n          four five six\n          seven eight\n          nine ten"
    )
    #expect(
      fitted("   \(prose)", columns: 30).split(separator: "\n").map { $0.prefix(6) }
        == ["   one", "     s"])
    // A word longer than the line stands on its own.
    #expect(
      fitted("a \(String(repeating: "b", count: 50)) c", columns: 20)
        .split(separator: "\n").count == 3)
    #expect(fitted("short\n\nlines  as they   are", columns: 80) == "short\n\nlines  as they   are")
  }

  @Test("a table without room for all its columns goes on below, with its first column")
  func parts() throws {
    let table = Table(rows: [
      ["", "P@5", "", "P@10", "", "MRR"],
      ["random", "0.5", "[0.4, 0.6]", "0.4", "[0.3, 0.5]", "1"],
    ])
    #expect(table.text(columns: 80).split(separator: "\n").count == 2)
    let lines = table.text(columns: 28).components(separatedBy: "\n")
    try #require(lines.count == 8, "\(lines)")
    #expect(lines.allSatisfy { $0.count <= 28 })
    #expect(lines[1] == "random  0.5  [0.4, 0.6]" && lines[4] == "random   0.4  [0.3, 0.5]")
    #expect(lines[7] == "random    1")
  }
}
