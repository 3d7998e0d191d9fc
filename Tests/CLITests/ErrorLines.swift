/// Command lines that lead to errors.
enum ErrorLines {
  /// With what is said of them.
  static let sentences = agentSentences + algorithmSentences + runSentences + dataSentences

  static let all: [String] =
    sentences.map { $0.0 }
    + [agentLines, algorithmLines, runLines, dataLines].flatMap {
      $0.split(separator: "\n").map(String.init)
    }
}
