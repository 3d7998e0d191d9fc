import ArgumentParser
import DRR

extension DataCommand {
  struct Feedback: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "feedback",
      abstract: "Write what was served, and what came of it, for training or evaluation.",
      usage: "drr data feedback <source> --out <file> [<options>]",
      discussion: """
        The source is the folder of a feedback log, as a server writes it; it may be written to at the \
        same time. Feedback is joined to lists by request and item, of which the latest counts.

        As ratings, a .csv of user,item,rating,time that --data takes: all ratings and clicks, the \
        latest of each user and item; a click is the best rating. As ope, a .csv or .jsonl of \
        user,position,action,reward,propensity,time that `drr ope evaluate` takes: a row an item that \
        was shown, with its probability given the items above it. As sessions, lines of \
        session;state;click;list;purchase: a step a click, or whatever earned more than 0, with the \
        list that it was made in.

        A rating becomes a reward as training makes it one; a click is 1, none is 0, a reward is \
        itself. An item without feedback earned 0, which is above what a disliked one earned.

        Examples:
          drr data feedback log --out served.csv
          drr train drr --data served.csv --run runs/second
          drr data feedback log --out decisions.csv --as ope --within 86400
          drr ope evaluate --data decisions.csv --policy uniform
          drr data feedback log --out sessions.txt --as sessions
        """)

    enum Form: String, CaseIterable, ExpressibleByArgument { case ratings, sessions, ope }

    @OptionGroup var source: SourceOptions
    @Option(
      help: ArgumentHelp("The file to write.", valueName: "file"), completion: .file())
    var out: String
    @Option(name: .customLong("as"), help: "What is written.")
    var form = Form.ratings
    @OptionGroup var join: JoinOptions
    @Option(
      help: ArgumentHelp(
        "An exported model whose scale makes rewards of ratings. (default: five stars)",
        valueName: "folder"), completion: .directory)
    var model: String?
    @OptionGroup var scale: ScaleOptions
    @Option(
      help: ArgumentHelp(
        "Of sessions: seconds without a list that end one. (default: 1800)", valueName: "seconds"))
    var gap: Double?
    @OptionGroup var output: OutputOptions

    func validate() throws {
      if out.isEmpty { throw ValidationError("--out is empty; name a file.") }
      if let model, let other = scale.firstGiven {
        throw ValidationError(
          "--model \(model) has a scale, and \(other) gives another; leave one of them out.")
      }
      if let gap {
        guard form == .sessions else {
          throw ValidationError("--gap is of sessions; add --as sessions, or leave it out.")
        }
        if !(gap > 0 && gap.isFinite) {
          throw ValidationError("--gap is \(gap); it must be above 0.")
        }
      }
      if form == .ratings {
        if let other = firstGiven([
          (join.firstGiven ?? "", join.firstGiven != nil),
          ("--liked-above", scale.likedAbove != nil),
        ]) {
          throw ValidationError(
            "\(other) is of rewards, and ratings are written as they are; leave it out, or add --as "
              + "ope.")
        }
        if !out.hasSuffix(".csv") {
          throw ValidationError("--out is \(out); of ratings its name must end in .csv.")
        }
      }
      if form == .ope { try RowFile.requireName(out, "--out") }
    }

    func run() throws {
      let exported = try model.map { try ExportedModel(folder: $0) }
      let served = try join.read(source.path)
      var written = Written(out: out, form: form.rawValue, counts: served.counts)
      switch form {
      case .ratings: try writeRatings(served, exported, &written)
      case .ope:
        let rows = try served.rows(
          rewards(served, exported, &written), missing: join.missing ?? .zero)
        guard !rows.isEmpty else { throw nothing("no item was shown, or none with feedback") }
        var file = RowFile(
          out, columns: ["user", "position", "action", "reward", "propensity", "time"])
        for row in rows {
          file.add([
            .text(row.user), .number(Double(row.position)), .text(row.item), .number(row.reward),
            .number(row.propensity), .number(Double(row.time)),
          ])
        }
        try file.write()
        written.rows = rows.count
      case .sessions:
        let log = try served.sessions(rewards(served, exported, &written), gap: gap ?? 1_800)
        try log.write(to: out, format: .semicolon)
        (written.rows, written.sessions) = (log.stepCount, log.count)
      }
      try output.print(written, written.text(join.missing ?? .zero))
    }

    private func writeRatings(
      _ served: ServedDecisions, _ model: ExportedModel?, _ written: inout Written
    ) throws {
      let range = try range(served, model)
      let found = served.ratings(ofClick: range.upperBound)
      guard !found.rows.isEmpty else {
        throw nothing("no user with an id has rated or clicked an item")
      }
      var file = RowFile(out, columns: ["user", "item", "rating", "time"])
      for row in found.rows {
        file.add([
          .text(row.user), .text(row.item), .score(row.rating), .number(Double(row.time)),
        ])
      }
      try file.write()
      written.rows = found.rows.count
      written.ratings = .init(
        users: Set(found.rows.map(\.user)).count, items: Set(found.rows.map(\.item)).count,
        clicks: found.clicks, clickRating: range.upperBound, replaced: found.replaced,
        withoutUser: found.withoutUser, withoutRating: found.withoutRating)
    }

    private func nothing(_ reason: String) -> RunError {
      RunError("\(source.path): \(reason), so there is nothing to write to \(out)")
    }

    /// The scale of the ratings.
    private func range(
      _ served: ServedDecisions, _ model: ExportedModel?
    ) throws -> ClosedRange<Float> {
      try served.scale(named: scale.range.range ?? model?.ratingRange)
    }

    private func rewards(
      _ served: ServedDecisions, _ model: ExportedModel?, _ written: inout Written
    ) throws -> FeedbackRewards {
      if let model, model.header.scale != nil {
        let rewards = FeedbackRewards(of: model)
        written.scale = rewards.scale
        return rewards
      }
      let range = try range(served, model)
      let found =
        try scale.likedAbove.map { try RewardScale(ratingRange: range, likedAbove: $0) }
        ?? RewardScale(ratingRange: range)
      if served.ratingRange != nil { written.scale = found }
      let means = found.fromUserMean == true ? served.meanRatings : [:]
      let middle = found.fromUserMean == true ? (range.lowerBound + range.upperBound) / 2 : 0
      return FeedbackRewards(scale: found) { user in user.flatMap { means[$0] } ?? middle }
    }

    struct Written: Encodable {
      struct Ratings: Encodable {
        var users: Int
        var items: Int
        var clicks: Int
        /// What a click was written as.
        var clickRating: Float
        var replaced: Int
        var withoutUser: Int
        var withoutRating: Int
      }

      var out: String
      var form: String
      /// Lines that were written.
      var rows = 0
      var counts: ServedDecisions.Counts
      var ratings: Ratings?
      var sessions: Int?
      var scale: RewardScale?

      func text(_ missing: MissingFeedback) -> String {
        guard let ratings else {
          let what =
            sessions.map { "\(grouped(rows)) clicks in \(grouped($0)) sessions" }
            ?? "\(grouped(rows)) items that were shown"
          return "\(out): \(what)\n\(counts.text(missing))"
            + (scale.map { "\nreward    of a rating, \($0)" } ?? "")
        }
        var text =
          "\(out): \(grouped(rows)) ratings of \(grouped(ratings.users)) users and "
          + "\(grouped(ratings.items)) items"
        for (count, what) in [
          (ratings.clicks, "clicks, as the rating \(ratings.clickRating)"),
          (ratings.replaced, "that a later one of the user and item takes the place of"),
          (ratings.withoutUser, "of somebody without an id are left out"),
          (ratings.withoutRating, "that were no click and no rating are left out"),
        ] where count > 0 {
          text += "\n  \(grouped(count)) \(what)"
        }
        return text
      }
    }
  }
}
