import ArgumentParser
internal import CTerms
import DRR

struct TermsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "terms", abstract: "Define the rows and columns that tables print.",
    discussion: """
      What is printed once stands for one thing; docs/metrics.md has the same page.

      Examples:
        drr terms NDCG
        drr terms "normalized gain"
        drr help terms
      """)

  @Argument(help: "A label, or a part of one. (default: all)")
  var label: [String] = []
  @OptionGroup var output: OutputOptions

  func run() throws {
    let wanted = label.joined(separator: " ").lowercased()
    let terms = Term.all.filter { term in
      wanted.isEmpty || [term.label, term.id].contains { $0.lowercased().contains(wanted) }
    }
    guard !terms.isEmpty else {
      let labels = Term.all.map { $0.label.lowercased() }
      let words = labels.flatMap { $0.split { " @".contains($0) }.map(String.init) }
      let near = nearest(wanted, in: labels + words.filter { $0.count > 2 })
      throw RunError(
        "\(label.joined(separator: " ")) is no label"
          + (near.map { "; did you mean \($0)?" } ?? "; `drr terms` lists all of them"))
    }
    var section = ""
    let lines = terms.map { term in
      let heading =
        term.section == section ? "" : (section.isEmpty ? "" : "\n") + "# \(term.section)\n"
      section = term.section
      let id = term.id.isEmpty ? "" : " (id: \(term.id))"
      return heading + "\(term.label)\(id): \(term.meaning)"
    }
    try output.print(terms, lines.joined(separator: "\n"))
  }
}

/// A label, as docs/metrics.md defines it.
struct Term: Encodable {
  /// The command that prints it.
  var section: String
  var label: String
  /// What stored results call it; empty where they call it so too.
  var id: String
  var meaning: String

  static let all: [Term] = {
    var section = ""
    return String(cString: termsPage()).split(separator: "\n").compactMap { line in
      if line.hasPrefix("## ") { section = String(line.dropFirst(3)) }
      let cells = line.split(separator: "|", omittingEmptySubsequences: false)
        .map { plain($0) }
      guard line.hasPrefix("|"), cells.count == 5, cells[1] != "label",
        !cells[1].allSatisfy({ $0 == "-" })
      else { return nil }
      return Term(section: section, label: cells[1], id: cells[2], meaning: cells[3])
    }
  }()

  /// Without the marks of Markdown.
  private static func plain(_ cell: Substring) -> String {
    let text = cell.replacing("`", with: "").replacing("**", with: "")
      .replacing(/\[([^\]]*)\]\([^)]*\)/) { $0.output.1 }
    return text.split(separator: " ").joined(separator: " ")
  }
}
