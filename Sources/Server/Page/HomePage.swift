import Charts
import DRRCore
import Feedback
import Serving

/// The page at `/`: find a film, rate it, and the list moves. HTML that needs no script.
struct HomePage {
  var user: String
  /// What was searched for; nil: nothing.
  var query: String?
  var found: [ItemsAnswer.Item]
  /// Ratings that can be given; empty where items are clicked.
  var scale: [Float]
  var view: UserView?
  /// Why there is no list.
  var problem: String?
  var models: ModelsAnswer
  /// The model that answers this user.
  var model: String
  var samples: [Trace.Sums]
  /// What the latest form did.
  var note: String?

  var html: String {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>drr: recommendations for \(Svg.escaped(user))</title>
    <link rel="stylesheet" href="/style.css">
    <script src="/script.js" defer></script>
    </head>
    <body>
    <a class="skip" href="#list">To the list</a>
    <header>
    <h1>Recommendations</h1>
    <form method="get" action="/" class="who">
    <label for="user">User</label>
    <input id="user" name="user" value="\(Svg.escaped(user))" maxlength="200" required>
    <button>Change</button>
    </form>
    </header>
    <main id="main">
    <p id="note" role="status" aria-live="polite">\(Svg.escaped(note ?? ""))</p>
    <div class="columns">
    <section aria-labelledby="find-title">
    <h2 id="find-title">Find and rate</h2>
    \(search)
    </section>
    <section aria-labelledby="list" >
    <h2 id="list" tabindex="-1">For you</h2>
    \(list)
    </section>
    </div>
    \(view.map(change) ?? "")
    <div class="columns">
    \(map)
    \(curves)
    </div>
    \(serving)
    </main>
    <footer class="soft">\(Svg.escaped(Program.title))</footer>
    </body>
    </html>

    """
  }

  // MARK: - Find

  private var search: String {
    let results = found.map { item in
      "<li><span class=\"title\">\(Svg.escaped(item.title))</span> "
        + "<span class=\"soft\">\(Svg.escaped((item.genres ?? []).joined(separator: ", ")))</span>"
        + rating(item.id, item.title, request: nil) + "</li>"
    }
    let answer =
      query == nil
      ? ""
      : found.isEmpty
        ? "<p>Nothing is called \(Svg.escaped(query!)).</p>"
        : "<ul class=\"items\">\(results.joined(separator: "\n"))</ul>"
    return """
      <form method="get" action="/" role="search">
      <input type="hidden" name="user" value="\(Svg.escaped(user))">
      <label for="q">Title or id</label>
      <input id="q" name="q" type="search" value="\(Svg.escaped(query ?? ""))" maxlength="200">
      <button>Find</button>
      </form>
      \(answer)
      """
  }

  /// Buttons that rate an item.
  private func rating(_ id: String, _ title: String, request: String?) -> String {
    let values =
      scale.isEmpty
      ? [("click", "true", "This one", "Choose \(title)")]
      : scale.map { rating in
        let text = Svg.number(Double(rating))
        return ("rating", text, text, "Rate \(title) \(text)")
      }
    let buttons = values.map { name, value, text, label in
      "<button name=\"\(name)\" value=\"\(value)\" aria-label=\"\(Svg.escaped(label))\">\(text)"
        + "</button>"
    }
    return """
      <form method="post" action="/rate" class="rate">
      <input type="hidden" name="user" value="\(Svg.escaped(user))">
      <input type="hidden" name="item" value="\(Svg.escaped(id))">
      \(request.map { "<input type=\"hidden\" name=\"request\" value=\"\(Svg.escaped($0))\">" } ?? "")
      \(buttons.joined())
      </form>
      """
  }

  // MARK: - List

  private var list: String {
    guard let view else { return "<p>\(Svg.escaped(problem ?? ""))</p>" }
    let rows = view.items.enumerated().map { place, item in
      let facts = [
        item.predictedRating.map { "predicted \(decimal($0, 1))" },
        item.why.map { "like \($0)" },
        item.genres.isEmpty ? nil : item.genres.joined(separator: ", "),
      ].compactMap { $0 }
      return "<li><span class=\"title\">\(Svg.escaped(item.title))</span> \(moved(item, place + 1))"
        + "<br><span class=\"soft\">\(Svg.escaped(facts.joined(separator: " · ")))</span>"
        + rating(item.id, item.title, request: view.request) + "</li>"
    }
    return "<ol class=\"items\">\(rows.joined(separator: "\n"))</ol>"
  }

  private func moved(_ item: UserView.Item, _ place: Int) -> String {
    guard let view, !view.known.isEmpty else { return "" }
    guard let before = item.before else { return "<span class=\"up\">new</span>" }
    if before == place { return "" }
    return before > place
      ? "<span class=\"up\">up from \(before)</span>"
      : "<span class=\"down\">down from \(before)</span>"
  }

  // MARK: - What changed

  private func change(_ view: UserView) -> String {
    guard let latest = view.known.last else { return "" }
    let said =
      latest.rating.map { "You rated \(latest.title) \(Svg.number(Double($0)))." }
      ?? "You chose \(latest.title)."
    let rows = view.genres.map { genre in
      "<tr><th scope=\"row\">\(Svg.escaped(genre.name))</th><td>\(decimal(genre.before, 2))</td>"
        + "<td>\(decimal(genre.now, 2))</td>"
        + "<td>\(genre.now >= genre.before ? "+" : "−")\(decimal(abs(genre.now - genre.before), 2))</td></tr>"
    }
    let table =
      rows.isEmpty
      ? ""
      : """
      <table><caption>The rating that the model expects you to give, by genre</caption>
      <thead><tr><th scope="col">genre</th><th scope="col">before</th><th scope="col">now</th>\
      <th scope="col">change</th></tr></thead>
      <tbody>\(rows.joined(separator: "\n"))</tbody></table>
      """
    let known = view.known.reversed().prefix(20).map { known in
      "<li>\(Svg.escaped(known.title))\(known.rating.map { ": \(Svg.number(Double($0)))" } ?? "")</li>"
    }
    return """
      <div class="columns">
      <section aria-labelledby="change-title">
      <h2 id="change-title">What changed, and why</h2>
      <p>\(Svg.escaped(said))</p>
      \(table)
      </section>
      <section aria-labelledby="known-title">
      <h2 id="known-title">What you told</h2>
      <ul>\(known.joined(separator: "\n"))</ul>
      </section>
      </div>
      """
  }

  private var map: String {
    guard let picture = view?.map else { return "" }
    return """
      <section aria-labelledby="map-title">
      <h2 id="map-title">Where you are among the items</h2>
      <p class="soft">Each dot is an item, near those that are liked by the same people. Numbers: your \
      list. Rings: what you rated. The line: where your ratings took you.</p>
      \(picture.inline)
      </section>
      """
  }

  // MARK: - The server

  private var curves: String {
    let ages = samples.indices.map { Double(($0 - samples.count + 1) * Trace.interval) }
    func line(_ name: String, _ value: (Trace.Sums) -> Double?) -> LineChart.Line {
      LineChart.Line(
        name, zip(ages, samples).compactMap { age, sums in value(sums).map { (age, $0) } })
    }
    func chart(_ title: String, _ lines: [LineChart.Line]) -> String {
      guard lines.contains(where: { $0.points.count > 1 }) else { return "" }
      return "<h3>\(title)</h3>"
        + LineChart(title, x: "seconds from now", y: "", width: 420, lines: lines).picture.inline
    }
    let charts =
      chart(
        "Milliseconds a list",
        [
          line("mean") { $0.lists > 0 ? 1e3 * $0.seconds / Double($0.lists) : nil },
          line("longest") { $0.lists > 0 ? 1e3 * $0.worst : nil },
        ])
      + chart(
        "Mean reward of feedback",
        [line("reward") { $0.rewards > 0 ? $0.reward / Double($0.rewards) : nil }])
      + chart(
        "Share of items that exploration put in their place",
        [line("explored") { $0.items > 0 ? Double($0.explored) / Double($0.items) : nil }])
    return """
      <section aria-labelledby="curves-title">
      <h2 id="curves-title">The last ten minutes</h2>
      \(charts.isEmpty ? "<p class=\"soft\">Nothing yet.</p>" : charts)
      </section>
      """
  }

  private var serving: String {
    let rows = models.models.map { model in
      "<tr><th scope=\"row\">\(Svg.escaped(model.name))\(model.name == self.model ? " (yours)" : "")"
        + "</th><td>\(Svg.escaped(model.agent))</td><td><code>\(Svg.escaped(model.version))</code></td>"
        + "<td>\(decimal(100 * model.traffic, 1))%</td></tr>"
    }
    let exploration =
      models.exploration.map {
        "Lists are drawn from the best \($0.candidates), ε \($0.epsilon), temperature \($0.temperature)."
      } ?? "Lists are the best items in order."
    return """
      <section aria-labelledby="models-title">
      <h2 id="models-title">Models</h2>
      <table><thead><tr><th scope="col">model</th><th scope="col">agent</th>\
      <th scope="col">version</th><th scope="col">users</th></tr></thead>
      <tbody>\(rows.joined(separator: "\n"))</tbody></table>
      <p class="soft">\(exploration)</p>
      </section>
      """
  }
}
