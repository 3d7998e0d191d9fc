import DRR

/// Text in lines of at most so many characters, broken between words.
func wrapped(_ text: String, to width: Int) -> [String] {
  text.split(separator: " ").reduce(into: []) { lines, word in
    if let last = lines.last, last.count + 1 + word.count <= width {
      lines[lines.count - 1] += " " + word
    } else {
      lines.append(String(word))
    }
  }
}

extension RatingsSummary {
  var text: String {
    func share(_ value: Double) -> String { "\(decimal(100 * value, 1))%" }
    func span(_ q: Quantiles) -> String {
      "\(q.least) / \(q.quarter) / \(q.median) / \(q.threeQuarters) / \(q.most), "
        + "mean \(decimal(q.mean, 1))"
    }
    var rows = [
      ["data", "\(name) (\(format)), CRC-32 \(checksum)"],
      ["ratings", grouped(ratings) + (duplicates > 0 ? ", \(duplicates) duplicates dropped" : "")],
      ["users", grouped(users)],
      ["items", "\(grouped(items)) rated of \(grouped(listedItems)) listed"],
      ["density", share(density)],
      ["mean rating", "\(decimal(mean, 3)) of \(lowestPossible) ... \(highestPossible)"],
      [
        "liked, above \(positiveAbove.map { decimal($0, 1) } ?? "the user's mean")",
        "\(share(positiveShare)); reward \(reward)",
      ],
      ["a user's ratings", "least / quarter / median / three quarters / most: \(span(perUser))"],
      ["an item's ratings", span(perItem)],
    ]
    if let firstTime, let lastTime {
      rows.append(["time", "\(firstTime) ... \(lastTime) seconds since 1970"])
    }
    if let tiedShare { rows.append(["neighbours at one time", share(tiedShare)]) }
    for note in notes {
      for (at, line) in wrapped(note, to: 50).enumerated() {
        rows.append([at == 0 ? "note" : "", line])
      }
    }
    let width = rows.map { $0[0].count }.max()!
    let facts = rows.map { row in
      row[0] + String(repeating: " ", count: width - row[0].count + 2) + row[1]
    }
    let most = max(1, histogram.map(\.count).max() ?? 1)
    let bars = histogram.map { bin in
      "  \(decimal(bin.rating, 1))  "
        + String(repeating: "█", count: (40 * bin.count + most / 2) / most)
        + " \(grouped(bin.count))"
    }
    let kinds = genres.map { "\($0.name) \(grouped($0.ratings))" }
    return
      (facts + bars
      + (kinds.isEmpty ? [] : ["genres, by ratings: \(kinds.joined(separator: ", "))"]))
      .joined(separator: "\n")
  }
}
