extension Unicode.Scalar {
  /// Whether a terminal may take it for more than a character: the C0 and C1 controls, and those
  /// that turn the direction of what follows.
  package var controls: Bool {
    switch value {
    case 0..<32, 0x7f...0x9f, 0x202a...0x202e, 0x2066...0x2069: true
    default: false
    }
  }
}

extension String {
  /// The text with `?` for every control character.
  package var printable: String { printable { _ in false } }

  /// The same of text whose lines and columns are its own.
  package var printableLines: String { printable { $0 == "\n" || $0 == "\t" } }

  private func printable(_ keeps: (Unicode.Scalar) -> Bool) -> String {
    if utf8.allSatisfy({ $0 >= 32 && $0 < 127 }) { return self }
    let scalars = unicodeScalars.map { $0.controls && !keeps($0) ? "?" : $0 }
    return String(String.UnicodeScalarView(scalars))
  }
}
