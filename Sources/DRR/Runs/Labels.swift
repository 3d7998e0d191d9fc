/// What the rows of a table are called where they are printed. JSON keeps the names that the
/// reports were always written with, the ids; `--against` takes either.
package struct Labels {
  /// Whole names, by id.
  private let names: [String: String]
  /// Endings of names, by the endings of ids.
  private let endings: [(id: String, label: String)]

  /// The rows of `drr evaluate`.
  package static let evaluation = Labels(
    names: [
      "logged order": "chronological",
      "item mean": "item mean (damped)",
      "item-kNN": "rating kNN",
      "item-kNN adaptive": "rating kNN, adaptive",
      "item-kNN + PMF adaptive": "kNN + PMF fold-in",
      "PMF rating": "PMF",
      "PMF dot": "PMF (no biases)",
      "fixed direction": "constant action",
      "random action U": "random action U[0,0.1]",
      "random action N": "random action N(0,1)",
    ], endings: agents)

  /// The rows of `drr simulate`.
  package static let online = Labels(
    names: [
      "world's model greedy": "simulator model greedy",
      "world greedy": "true-reward greedy",
      "world greedy, changing kinds": "true-reward greedy, alternating clusters",
      "PMF greedy, changing kinds": "PMF greedy, alternating clusters",
      "PMF greedy, changing own kinds": "PMF greedy, alternating PMF clusters",
    ],
    endings: [
      (" untrained, changing kinds", " untrained, alternating clusters"),
      (" untrained, changing own kinds", " untrained, alternating PMF clusters"),
      (" γ=0 frozen", " myopic, fixed weights"), (" γ=0 updated", " myopic, online fine-tuning"),
      (" frozen", ", fixed weights"), (" updated", ", online fine-tuning"),
    ] + agents)

  /// The rows of `drr compare`.
  package static let comparison = Labels(
    names: [
      "item mean": "item mean (damped)",
      "item-kNN": "co-occurrence kNN",
      "PMF rating": "PMF",
      "PMF dot": "PMF (no biases)",
    ], endings: agents)

  /// The rows of `drr evaluate irecgan`.
  package static let sessions = Labels(
    names: [
      "chance": "uniform",
      "agent of the log (MLE)": "agent, pretrained (MLE)",
      "the world's max": "greedy oracle",
      "the world's blind": "best state-blind list",
      "the world's optimal": "optimal policy",
    ], endings: [])

  /// The rows of the leakage ablation.
  package static let leakage = Labels(
    names: [
      "history out of the candidates": "history removed",
      "PMF on visible ratings": "PMF without test ratings",
      "the default protocol": "default protocol",
    ], endings: [])

  /// The columns that bandits in an exhibition add.
  package static let bandits = Labels(
    names: [
      "exhibits a visit": "exhibits per visit", "satisfaction a visit": "satisfaction per visit",
    ], endings: [])

  private static let agents = [(id: " cloned", label: " BC"), (id: " γ=0", label: " myopic")]

  private init(names: [String: String], endings: [(id: String, label: String)]) {
    self.names = names
    self.endings = endings
  }

  /// What the row is called in print. A folder that tells two of one name apart stays behind it.
  package subscript(_ id: String) -> String {
    if let name = names[id] { return name }
    if id.hasPrefix("logging policy (") { return "logging policy" }
    return changed(id, by: endings)
  }

  /// The id of a row that is called by its id or by its label.
  package func id(of name: String) -> String {
    if let id = names.first(where: { $0.value == name })?.key { return id }
    return changed(name, by: endings.map { (id: $0.label, label: $0.id) })
  }

  private func changed(_ name: String, by endings: [(id: String, label: String)]) -> String {
    let place = endings.lazy.compactMap { ending -> (Range<String.Index>, String)? in
      if name.hasSuffix(ending.id) {
        return (name.index(name.endIndex, offsetBy: -ending.id.count)..<name.endIndex, ending.label)
      }
      // Behind the name of an agent its folder may stand.
      return name.firstRange(of: ending.id + ", ").map {
        ($0.lowerBound..<name.index($0.upperBound, offsetBy: -2), ending.label)
      }
    }.first
    guard let place else { return name }
    return name.replacingCharacters(in: place.0, with: place.1)
  }
}

extension String {
  fileprivate func replacingCharacters(in range: Range<Index>, with text: String) -> String {
    self[..<range.lowerBound] + text + self[range.upperBound...]
  }
}
