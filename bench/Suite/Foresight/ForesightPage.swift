import DRR
import Terminal

/// The table of agents in worlds and a section of each, as a Markdown page.
struct ForesightPage {
  /// The command that gives the same page elsewhere.
  let command: String
  let seeds: Int
  /// What the columns of the agents are called.
  let agents: [String]
  /// Rows of worlds that are left out, and why.
  let absences: [String]
  /// In the order of the table, each with the file of its picture.
  var sections: [(name: String, picture: String, outcome: ForesightOutcome)] = []
  /// What was measured; nil: nothing.
  var speeds: String?

  private var table: [[String]] {
    let header = ForesightRow.header(agents)
    return [header] + sections.flatMap { $0.outcome.rows.map(\.cells) }
      + absences.map { [$0] + Array(repeating: "–", count: header.count - 1) }
  }

  var text: String {
    let parts =
      sections.map { name, picture, outcome in
        "## \(name)\n\n\(outcome.text)\n\n![\(name): \(outcome.caption)](\(picture))"
      } + (speeds.map { [$0] } ?? [])
    return """
      # Where looking ahead pays: agents in public worlds

      ```
      \(command)
      ```

      A return is the undiscounted sum of an episode's rewards; 95 % intervals, of agents over \
      \(seeds) training seeds, of the other policies over users, with ratings of both over splits. \
      All play with the same users, whom no training met; of the policies of a training in \
      RecSim's worlds the one that earned most from other users again is played. The agent is told \
      what a world shows to everybody (`drr simulate worlds`) and nothing hidden; the myopic twin \
      is the same agent with γ = 0. \
      \(Program.title).

      \(markdown(table))

      \(parts.joined(separator: "\n\n"))

      """
  }
}
