import Charts
import DRRCore

/// A part of a report: a title, and what stands beneath it.
struct Section {
  var title: String
  /// What is seen, in a sentence or two.
  var note: String
  /// HTML.
  var body: String
  /// Whether it has the whole width.
  var isWide: Bool

  init(_ title: String, _ note: String = "", isWide: Bool = false, _ body: String) {
    (self.title, self.note, self.body, self.isWide) = (title, note, body, isWide)
  }

  init(_ title: String, _ note: String = "", _ picture: Picture) {
    self.init(title, note, picture.inline)
  }
}

/// One page that needs nothing else: no script, no other file, no request.
struct Page {
  var title: String
  var subtitle: String
  var verdicts: [String]
  /// Pairs of what is said and what of, above all sections.
  var facts: [(name: String, value: String)]
  var sections: [Section]

  var html: String {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
    <meta name="color-scheme" content="light dark">
    <title>\(Svg.escaped(title))</title>
    <style>\(Self.css)\(ChartStyle.css)</style>
    </head>
    <body>
    <header>
    <h1>\(Svg.escaped(title))</h1>
    <p class="soft">\(Svg.escaped(subtitle))</p>
    \(verdicts.map { "<p class=\"verdict\">\($0)</p>" }.joined(separator: "\n"))
    </header>
    <dl>
    \(facts.map { fact in
      "<dt>\(Svg.escaped(fact.name))</dt><dd>\(fact.value)</dd>"
    }.joined(separator: "\n"))
    </dl>
    <main>
    \(sections.map(\.html).joined(separator: "\n"))
    </main>
    <footer class="soft">\(Svg.escaped(Program.title))</footer>
    </body>
    </html>

    """
  }

  private static let css = """
    :root{color-scheme:light dark;--paper:#ffffff;--ink:#1c1c22;--soft:#5d6470;--rule:#e2e5ea;\
    --band:#eef3fa;--code:#f4f5f7}
    @media (prefers-color-scheme:dark){:root{--paper:#16181d;--ink:#e8e8ee;--soft:#a2abb9;\
    --rule:#2c313b;--band:#1e2735;--code:#20242c}}
    *{box-sizing:border-box}
    body{margin:0 auto;padding:20px;max-width:1180px;background:var(--paper);color:var(--ink);\
    font:15px/1.45 system-ui,sans-serif}
    h1{font-size:22px;margin:0 0 2px;overflow-wrap:anywhere}
    h2{font-size:15px;margin:0 0 2px}
    p{margin:4px 0}
    .soft,.note{color:var(--soft)}
    .note{font-size:13px;margin-bottom:8px}
    .verdict{font-size:17px;margin:12px 0}
    dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:2px 14px;margin:14px 0;\
    font-size:13px}
    dt{color:var(--soft)}
    dd{margin:0;overflow-wrap:anywhere}
    code{font:12px/1.5 ui-monospace,monospace;background:var(--code);padding:1px 4px;\
    border-radius:3px;overflow-wrap:anywhere}
    main{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,460px),1fr));gap:26px;\
    grid-auto-flow:dense}
    section{border-top:1px solid var(--rule);padding-top:14px;min-width:0}
    section.wide{grid-column:1/-1}
    section.wide>.columns{display:grid;gap:26px;\
    grid-template-columns:repeat(auto-fit,minmax(min(100%,460px),1fr))}
    svg{display:block;width:100%;max-width:600px;height:auto}
    .scroll{overflow-x:auto}
    table{border-collapse:collapse;width:100%;font-size:13px}
    th,td{padding:4px 8px;border-bottom:1px solid var(--rule);text-align:right;\
    font-variant-numeric:tabular-nums}
    th{font-weight:600}
    td:first-child,th:first-child,td.words,th.words{text-align:left}
    td.words{min-width:130px}
    tr.marked{background:var(--band);font-weight:600}
    h3{font-size:14px;margin:14px 0 4px}
    ol{margin:0;padding-left:26px;font-size:13px}
    .key{display:inline-block;width:9px;height:9px;border-radius:50%;margin:0 4px 0 12px}
    footer{margin-top:30px;font-size:12px}
    """
}

extension Section {
  fileprivate var html: String {
    """
    <section\(isWide ? " class=\"wide\"" : "")>
    <h2>\(Svg.escaped(title))</h2>
    \(note.isEmpty ? "" : "<p class=\"note\">\(Svg.escaped(note))</p>")
    \(body)
    </section>
    """
  }
}

/// A table in HTML.
struct HTMLTable {
  var header: [String]
  var rows: [(cells: [String], isMarked: Bool)] = []
  /// Columns of words, beside the first.
  var words: Set<Int> = []

  init(_ header: [String], words: Set<Int> = []) { (self.header, self.words) = (header, words) }

  mutating func add(_ cells: [String], isMarked: Bool = false) { rows.append((cells, isMarked)) }

  var html: String {
    func row(_ cells: [String], _ tag: String) -> String {
      cells.enumerated().map { column, cell in
        "<\(tag)\(words.contains(column) ? " class=\"words\"" : "")>\(Svg.escaped(cell))</\(tag)>"
      }.joined()
    }
    let body = rows.map {
      "<tr\($0.isMarked ? " class=\"marked\"" : "")>\(row($0.cells, "td"))</tr>"
    }
    return """
      <div class="scroll"><table><thead><tr>\(row(header, "th"))</tr></thead><tbody>
      \(body.joined(separator: "\n"))
      </tbody></table></div>
      """
  }
}
