/// Elements of a document, in order, where their tags close each other.
package struct XMLScan {
  package struct Element {
    package var name: String
    package var attributes: [String: String]
    /// What stands directly in it, before the next tag.
    package var text = ""
  }

  package private(set) var elements: [Element] = []
  package private(set) var isWellFormed = true

  package init(_ text: String) {
    var open: [String] = []
    var rest = text[...]
    while let start = rest.firstIndex(of: "<") {
      let words = rest[..<start]
      if words.contains(">") || words.matches(of: /&(?!amp;|lt;|gt;|quot;)/).count > 0 {
        isWellFormed = false
      }
      guard let end = rest[start...].firstIndex(of: ">") else {
        isWellFormed = false
        return
      }
      let tag = rest[rest.index(after: start)..<end]
      rest = rest[rest.index(after: end)...]
      if tag.hasPrefix("/") {
        if open.popLast() != String(tag.dropFirst()) { isWellFormed = false }
        continue
      }
      let name = String(tag.prefix { $0.isLetter })
      var attributes: [String: String] = [:]
      for match in tag.matches(of: /([a-z0-9A-Z-]+)="([^"]*)"/) {
        attributes[String(match.1)] = String(match.2)
      }
      elements.append(
        Element(name: name, attributes: attributes, text: String(rest.prefix { $0 != "<" })))
      if !tag.hasSuffix("/") { open.append(name) }
    }
    if !open.isEmpty { isWellFormed = false }
  }
}
