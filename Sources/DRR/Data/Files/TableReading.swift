/// What a table is taken for: by the names of its columns, by its first line where that is a row,
/// and by what is said of it.
struct TableReading {
  private let table: RatingsTable
  private let options: ReadingOptions
  /// The published set whose columns have these names.
  private let known: KnownLayout?
  /// The layout whose rows look as the first line does.
  private let headless: RatingsLayout?
  /// Whether the first line is a row of columns that are said, or stand in the usual order.
  private let hasNoHeader: Bool

  init(_ table: RatingsTable, _ options: ReadingOptions) {
    (self.table, self.options) = (table, options)
    known = options.hasNoHeader ? nil : KnownLayout.of(table.names.map(KnownLayout.normalised))
    let given = [options.user, options.item, options.rating, options.time, options.event]
      .compactMap { $0 }
    let isUnknown = known == nil && table.form == .separated
    // Columns that are all numbers, where the first line has some too, are of a table without a
    // header.
    let isRow =
      given.allSatisfy { if case .number = $0 { true } else { false } }
      && table.names.contains { Float($0) != nil }
    hasNoHeader = options.hasNoHeader || isUnknown && !given.isEmpty && isRow
    headless =
      isUnknown && !table.isTyped && given.isEmpty && !options.isImplicit
      ? RatingsLayout.headless(table.names, table.separator, file: table.path.lastPathPart) : nil
  }

  private var hasHeader: Bool { headless == nil && !hasNoHeader }
  private var isSeparated: Bool { table.form == .separated }
  /// Whether it is said what stands for ratings.
  private var isGiven: Bool {
    options.rating != nil || options.event != nil || options.isImplicit
  }

  /// - Throws: ``DataError/unknownTable(path:line:columns:)`` where nothing tells a column, and other
  ///   errors where one is said that is not there, or for two purposes.
  func layout() throws(DataError) -> RatingsLayout {
    if let headless, headless.form == .matrix { return headless }
    let columns = try columns()
    let places = isSeparated ? columns : columns.byName
    let count = headless?.fieldCount ?? table.names.count
    let events = options.eventRatings.isEmpty ? known?.eventRatings ?? [] : options.eventRatings
    return RatingsLayout(
      name: name, form: table.form, separator: table.separator,
      header: hasHeader && isSeparated ? table.line : nil, fieldCount: count,
      names: isSeparated ? [] : columns.all.map { table.names[$0] }, user: places.user,
      item: places.item, rating: places.rating, time: places.time, event: places.event,
      eventRatings: columns.event == nil ? [] : events, expected: expected(count),
      scale: scale(isPositive: columns.isPositive),
      unrated: isGiven ? [] : known?.unrated ?? [], ceiling: isGiven ? nil : known?.ceiling,
      encoding: isSeparated ? options.encoding : .utf8, missing: options.missing,
      items: known?.items ?? headless?.items ?? [])
  }

  // MARK: - Columns

  /// The places of the columns.
  private struct Columns {
    var user: Int
    var item: Int
    var rating: Int?
    var time: Int?
    var event: Int?
    /// Whether every row is a positive.
    var isPositive: Bool

    var all: [Int] { [user, item] + [rating, time, event].compactMap { $0 } }

    /// Those of fields that are found by the names of ``all``.
    var byName: Columns {
      Columns(
        user: 0, item: 1, rating: rating.map { _ in 2 },
        time: time.map { _ in rating == nil ? 2 : 3 },
        event: event.map { _ in time == nil ? 2 : 3 }, isPositive: isPositive)
    }
  }

  private func columns() throws(DataError) -> Columns {
    func place(
      _ given: ReadingOptions.Column?, _ what: String, _ wanted: [String]?, _ other: Int?
    ) throws(DataError) -> Int? {
      try table.place(given, what, wanted ?? [], hasHeader: hasHeader) ?? other
    }
    let isPlain = hasNoHeader && headless == nil
    // A typed header has RecBole's names, and a rating or none.
    let typed = table.isTyped ? KnownLayout.movieLens : nil
    let user = try place(
      options.user, "user", known?.user ?? typed?.user, headless?.user ?? (isPlain ? 0 : nil))
    let item = try place(
      options.item, "item", known?.item ?? typed?.item, headless?.item ?? (isPlain ? 1 : nil))
    let rating =
      options.isImplicit || options.event != nil
      ? nil
      : try place(
        options.rating, "rating", known?.rating,
        headless.map { $0.rating } ?? (isPlain ? 2 : nil))
    let event = try place(options.event, "event", isGiven ? nil : known?.event, nil)
    let time = try place(options.time, "time", known?.time ?? typed?.time, headless?.time)
    let isPositive =
      rating == nil && event == nil
      && (options.isImplicit || headless != nil || known.map { $0.rating.isEmpty } ?? false)
    guard let user, let item, rating != nil || event != nil || isPositive,
      max(user, item, rating ?? 0, time ?? 0) < table.names.count || headless != nil
    else {
      throw .unknownTable(
        path: table.path, line: quoted(table.line), columns: TableGuess(table.names).words)
    }
    let columns = Columns(
      user: user, item: item, rating: rating, time: time, event: event, isPositive: isPositive)
    try requireApart(columns.all)
    return columns
  }

  private func requireApart(_ columns: [Int]) throws(DataError) {
    guard let twice = columns.indices.first(where: { columns[..<$0].contains(columns[$0]) })
    else { return }
    throw .fault(
      table.file, line: 1,
      found: "column \(columns[twice] + 1) for two purposes", expected: "a column each")
  }

  // MARK: - What they hold

  private var name: String {
    if table.isTyped { return "RecBole" }
    let isMovieLens = known?.name == KnownLayout.movieLens.name
    if isMovieLens, table.separator != .comma { return "table" }
    if isMovieLens, !isSeparated { return "JSON" }
    return known?.name ?? headless?.name ?? (isSeparated ? "table" : "JSON")
  }

  private func expected(_ count: Int) -> String {
    if let headless { return headless.expected }
    return "\(count) separated by \(table.separator.plural)"
      + (hasHeader
        ? ": \(quoted(table.names.joined(separator: ", ")))" : ", as in the first line")
  }

  private func scale(isPositive: Bool) -> RatingsLayout.Scale {
    if isPositive { return .fixed(0...1) }
    if !isGiven, let range = known?.range { return .fixed(range) }
    if !isGiven, let headless { return headless.scale }
    let isStars =
      known?.name == KnownLayout.movieLens.name && table.separator == .comma && isSeparated
      && !options.namesColumns
    return isStars ? .stars : .own
  }
}
