import DRRCore

/// A policy as it is named: a word, and up to two numbers or words behind colons.
struct PolicyName {
  let text: String
  let word: String
  let parts: [String]

  /// `known`: the names with what may follow, such as "epsilon[:RATE]".
  init(_ text: String, known: [String]) throws(ConfigurationError) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    self.text = text
    word = parts[0]
    self.parts = Array(parts.dropFirst())
    let form = known.first { $0.prefix { $0 != "[" } == parts[0] }
    guard let form else {
      throw ConfigurationError(
        "policy is \"\(text)\"; it must be one of \(known.joined(separator: ", "))")
    }
    let most = form.count { $0 == ":" }
    if self.parts.count > most {
      throw ConfigurationError("policy is \"\(text)\"; it must be \(form)")
    }
  }

  /// The number behind a colon, or `usual` where there is none.
  func number(
    _ place: Int, _ usual: Double, _ expectation: String, _ holds: (Double) -> Bool
  ) throws(ConfigurationError) -> Double {
    guard place < parts.count else { return usual }
    guard let value = Double(parts[place]), value.isFinite, holds(value) else {
      throw ConfigurationError(
        "policy \(text) has \"\(parts[place])\" behind a colon; it must be \(expectation)")
    }
    return value
  }

  func rate(_ place: Int, _ usual: Double) throws(ConfigurationError) -> Double {
    try number(place, usual, "from 0 to 1") { (0...1).contains($0) }
  }

  func positive(_ place: Int, _ usual: Double) throws(ConfigurationError) -> Double {
    try number(place, usual, "a positive number up to 1e9") { $0 > 0 && $0 <= 1e9 }
  }
}
