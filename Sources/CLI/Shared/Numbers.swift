import ArgumentParser

/// Numbers with commas between them.
func numbers(_ text: String, _ option: String) throws -> [Double] {
  try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
    guard let number = Double(part) else {
      throw ValidationError("\(option) has \"\(part)\"; it must be numbers, as 0.1,0.2.")
    }
    return number
  }
}

/// 1,2,5 as numbers: one at least, and each 1 or more.
func wholeNumbers(_ text: String, _ option: String) throws -> [Int] {
  try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
    guard let number = Int(part), number > 0 else {
      throw ValidationError("\(option) has \"\(part)\"; it must be whole numbers, as 1,5,10.")
    }
    return number
  }
}

/// Refuses a strength of the streak effect that cannot be.
func requireStreak(_ strength: Float) throws {
  if !(0...100).contains(strength) {
    throw ValidationError("--streak-strength is \(strength); it must be 0 ... 100.")
  }
}

/// The names of policies, without the settings that may follow them.
func policyNames(_ policies: [String]) -> [String] {
  policies.map { String($0.prefix { $0 != "[" && $0 != ":" }) }
}
