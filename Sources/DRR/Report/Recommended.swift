import Charts
import DRRCore
import Serving

/// What an agent would show to users, in the plane of the catalogue's vectors: trained, and as it was
/// before any training.
struct Recommended {
  let trained: ServingPolicy
  let untrained: ServingPolicy?
  /// Indices of users.
  let users: [Int]

  private var model: ExportedModel { trained.model }

  /// Sections for each user; nothing of a model without vectors of items.
  func sections() throws -> [Section] {
    guard let factors = model.factorization else { return [] }
    let plane = Projection(factors.itemFactors, width: factors.dimension)
    let genres = commonGenres
    return try users.enumerated().map { number, user in
      let (items, ratings) = model.users.rated(by: user)
      let scale = model.header.scale
      let liked = zip(items, ratings).filter { (scale?.reward($1) ?? 1) > 0 }.map { Int($0.0) }
      let columns = try [(trained, "trained"), (untrained, "before training")].enumerated()
        .compactMap { place, found in
          try found.0.map {
            try column(
              $0, found.1, user, liked: liked, plane: plane, genres: genres,
              isFirst: number == 0 && place == 0)
          }
        }
      return Section(
        "What user \(model.users.ids[user]) would be shown",
        "Numbers: the list, the best first. Rings: \(liked.count) items that the user liked. Dots: the "
          + "catalogue, in the plane in which the vectors of its items differ most "
          + "(\(decimal(100 * plane.share, 0)) % of their variance), by genre.",
        isWide: true,
        "<p class=\"note\">\(key(genres))</p><div class=\"columns\">"
          + columns.joined(separator: "\n") + "</div>")
    }
  }

  /// The most frequent genres have a colour each.
  private var commonGenres: [String] {
    var counts: [String: Int] = [:]
    for genres in model.items.genres {
      if let first = genres.first { counts[first, default: 0] += 1 }
    }
    return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(6).map(\.key)
  }

  private func hue(_ item: Int, _ genres: [String]) -> Int? {
    guard !model.items.genres.isEmpty, let first = model.items.genres[item].first,
      let place = genres.firstIndex(of: first)
    else { return nil }
    // The first two colours are those of the list and of what was liked.
    return place + 2
  }

  private func key(_ genres: [String]) -> String {
    genres.enumerated().map { place, genre in
      "<svg class=\"key\" viewBox=\"0 0 9 9\"><circle cx=\"4.5\" cy=\"4.5\" r=\"4.5\" "
        + "class=\"\(ChartStyle.fill(place + 2))\"/></svg>\(Svg.escaped(genre))"
    }.joined()
  }

  private func column(
    _ policy: ServingPolicy, _ words: String, _ user: Int, liked: [Int], plane: Projection,
    genres: [String], isFirst: Bool
  ) throws -> String {
    let list = try policy.recommend(to: .user(user), count: 10)
    func point(_ item: Int) -> MapChart.Point {
      MapChart.Point(
        x: plane.points[item].x, y: plane.points[item].y, name: model.items.title(item),
        hue: hue(item, genres))
    }
    var map = MapChart(
      "User \(model.users.ids[user]), \(words)",
      points: model.items.isKnown.indices.filter { model.items.isKnown[$0] }.map(point),
      rings: liked.map(point), numbered: list.map { point($0.item) })
    map.shared = ("catalogue", isFirst)
    var table = HTMLTable(["#", "title", "score", "PMF"], words: [1])
    for (place, item) in list.enumerated() {
      table.add([
        "\(place + 1)", model.items.title(item.item), decimal(Double(item.score), 3),
        item.predictedRating.map { decimal($0, 2) } ?? "–",
      ])
    }
    return "<div><h3>\(Svg.escaped(policy.model.header.agent)), \(words)</h3>"
      + "\(map.picture.inline)\(table.html)</div>"
  }
}
