import ArgumentParser
import DRR

/// A file of every ranking of an evaluation, for other programs to score.
struct ListsOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Also write each test user's ranking by each ranker to a .csv or .jsonl file, and their "
        + "candidates.", valueName: "file"), completion: .file(extensions: ["csv", "jsonl"]))
  var lists: String?

  func validate() throws { if let lists { try RowFile.requireName(lists, "--lists") } }

  /// The file that is asked for; nil where none is.
  var file: RankingFile? { lists.map { RankingFile($0) } }
}

/// Rows of run, ranker, user, rank, item, reward and score. Rows of the ranker `candidates` have no
/// rank and no score: they name what there was to rank. A reward above 0 is a liked item; a score
/// is 1 / rank, since a ranker's own of different steps cannot be compared.
struct RankingFile {
  private var file: RowFile

  init(_ path: String) {
    file = RowFile(
      path, columns: ["run", "ranker", "user", "rank", "item", "reward", "score"])
  }

  /// - Parameter rankings: of those sessions, with what each ranker is called.
  mutating func add(
    run: String, _ sessions: [Session], _ rankings: [(name: String, scores: RankerScores)],
    _ log: RatingsLog
  ) {
    func cells(
      _ ranker: String, _ session: Session, _ item: Int32, _ reward: Float, rank: Int?
    ) -> [RowFile.Cell] {
      [
        .text(run), .text(ranker), .text(log.userIDs[Int(session.user)]),
        rank.map { .number(Double($0)) } ?? .none, .text(log.itemIDs[Int(item)]), .score(reward),
        rank.map { .score(1 / Float($0)) } ?? .none,
      ]
    }
    for session in sessions {
      for (item, reward) in zip(session.candidates, session.rewards) {
        file.add(cells("candidates", session, item, reward, rank: nil))
      }
    }
    for (name, scores) in rankings {
      for (session, picks) in zip(sessions, scores.picks) {
        for (place, item) in picks.enumerated() {
          file.add(cells(name, session, item, session.reward(of: item) ?? 0, rank: place + 1))
        }
      }
    }
  }

  func write() throws { try file.write() }
}
