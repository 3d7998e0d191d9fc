/// How pictures look, in light and in dark: classes that a picture which stands alone brings with it,
/// and a page has once for all.
package enum ChartStyle {
  /// Told apart by people who see few colours.
  private static let hues: [(light: String, dark: String)] = [
    ("#1b5e9b", "#6fb1f0"), ("#c8553d", "#f08a72"), ("#2a7f62", "#5cc09b"),
    ("#8e4585", "#d38fca"), ("#9a6a00", "#e0b24a"), ("#3a9bdc", "#9bd0f5"),
    ("#7a4a2b", "#c99a77"), ("#d6679a", "#f0a5c6"), ("#5f6b73", "#a5b1ba"),
    ("#568a3b", "#98cf7c"), ("#4b3fa8", "#a59bf0"), ("#c8730a", "#f0ab5a"),
    ("#00868a", "#55c9cc"),
  ]

  private static let inks: [(rule: String, light: String, dark: String)] = [
    (".paper{fill:", "#ffffff", "#16181d"), (".ink{fill:", "#1c1c22", "#e8e8ee"),
    (".soft{fill:", "#5d6470", "#a2abb9"), (".grid{stroke:", "#e6e8ec", "#2c313b"),
    (".axis{stroke:", "#8b93a0", "#6b7482"), (".dust{fill:", "#c9ced6", "#4a515e"),
    (".halo{stroke:", "#ffffff", "#16181d"), (".band{fill:", "#eef3fa", "#1e2735"),
  ]

  /// How many colours there are.
  package static var count: Int { hues.count }

  /// The class that strokes, and the one that fills, by a colour's number.
  package static func stroke(_ hue: Int) -> String { "s\(hue % hues.count)" }
  package static func fill(_ hue: Int) -> String { "f\(hue % hues.count)" }

  /// The rules. Each names a class alone: what a picture uses again is no descendant of it.
  package static let css: String = {
    func rules(_ dark: Bool) -> String {
      inks.map { "\($0.rule)\(dark ? $0.dark : $0.light)}" }.joined()
        + hues.enumerated().map { number, hue in
          let color = dark ? hue.dark : hue.light
          return ".s\(number){stroke:\(color)}.f\(number){fill:\(color)}"
        }.joined()
    }
    return rules(false) + "@media (prefers-color-scheme:dark){\(rules(true))}"
  }()
}
