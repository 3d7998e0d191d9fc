import DRRCore
import DRRData

extension LoggedFeedback {
  /// Reads Criteo's counterfactual data (Lefortier, Swaminathan, Gu, Joachims & de Rijke 2016):
  /// impressions of an ad, the products that could be in it, and the probability of those that
  /// were. The first line tells which of two layouts it is.
  ///
  /// - `CriteoBannerFillingChallenge`: a line `example ID: HASH CLICKED PROPENSITY SLOTS CANDIDATES
  ///   FEATURE:VALUE ...` an impression, and below it a line `CLICKED exid:ID FEATURE:VALUE ...` a
  ///   candidate, those that were displayed first. The first two features of an impression are
  ///   numbers, each pair of all others is one that is there or not.
  /// - The challenge of the NIPS 2017 workshop, `criteo_train`: a line `ID |l COST |p INVERSE |f
  ///   INDEX:NUMBER ...` for the candidate that was displayed, with a cost of 0.001 where it was
  ///   clicked and of 0.999 where not, and 1 / propensity; below it a line `ID |f ...` for each of
  ///   the others.
  ///
  /// The reward is 1 for a click. Of impressions without a click the data have a tenth, which count
  /// ten times. Banners of several slots, whose propensity is that of a whole list, are left out.
  ///
  /// - Parameter path: a text file, packed by gzip or not, or a tar archive, whose first `.txt` is read.
  /// - Parameter features: false leaves features out, which are most of the memory, and which
  ///   weights need not.
  /// - Throws: what is not as it must be, by file, line, value and expectation.
  public static func read(
    criteo path: String, features: Bool = true, progress: RatingsSource.Progress? = nil
  ) throws(DataError) -> LoggedFeedback {
    guard let source = try DataFolder.file(path, inArchive: CriteoReader.isLog) else {
      throw .archive(path: path, reason: "no .txt in it, expected one of Criteo's logs")
    }
    let scanner = LineScanner(source, progress: progress)
    var reader = CriteoReader(path.lastPathPart, file: source.name, features: features)
    try scanner.forEachBlock { (block) throws(DataError) in
      try scanner.forEachLine(of: block) { (line) throws(DataError) in
        try reader.add(line, scanner.line)
      }
    }
    return try reader.finish()
  }
}

/// A log of Criteo's under way.
private struct CriteoReader {
  /// One in so many impressions without a click is in the data.
  private static let unclicked = 10.0
  private static let fieldLimit = 1 << 14
  private static let candidateLimit = 1 << 17

  /// Whether a file of an archive may be a log, by its name.
  static func isLog(_ name: String) -> Bool {
    let file = name.lastPathPart.lowercased()
    return file.hasSuffix(".txt") && !["readme", "licen", "."].contains(where: file.hasPrefix)
  }

  private enum Layout {
    case banners
    case challenge
  }

  /// The impression whose candidates are being read.
  private struct Impression {
    var id: [UInt8]
    var slots = 1
    /// As its header counts them; nil where the next impression ends it.
    var candidates: Int?

    var name: String { id.withUnsafeBufferPointer { quoted($0) } }
  }

  private var log: LoggedFeedback
  private let file: String
  private let hasFeatures: Bool
  private var line = 0
  private var layout: Layout?
  private var parts = Fields(kept: 4)
  private var fields = Fields(kept: CriteoReader.fieldLimit)
  private var context = NamedFeatures()
  private var pairs = NamedFeatures()
  private var current: Impression?
  /// Those of its candidates that were read, and the rows of their features.
  private var count = 0
  private var rows: [Int32] = []
  /// Banners of several slots.
  private var leftOut = 0

  init(_ name: String, file: String, features: Bool) {
    log = LoggedFeedback(name: name, context: FeatureTable(), clustering: "row")
    (self.file, hasFeatures) = (file, features)
  }

  private func fault(_ found: String, _ expected: String) -> DataError {
    .fault(file, line: line, found: found, expected: expected)
  }

  mutating func add(_ text: Bytes, _ line: Int) throws(DataError) {
    self.line = line
    if text.allSatisfy({ $0 == 32 || $0 == 9 }) { return }
    if layout == nil {
      layout =
        text.starts(with: "example ".utf8)
        ? .banners : text.contains(UInt8(ascii: "|")) ? .challenge : nil
    }
    switch layout {
    case .banners: try addBannerLine(text)
    case .challenge: try addChallengeLine(text)
    case nil:
      throw fault(
        "\"\(quoted(text))\"",
        "\"example ID: ...\" or \"ID |l COST |p INVERSE |f ...\", as Criteo's counterfactual data "
          + "begin")
    }
  }

  private mutating func split(_ text: Bytes) throws(DataError) {
    try fields.split(text, .blank, of: file, line)
    if fields.count > Self.fieldLimit {
      throw .tooLarge(file: file, what: "fields in a line", limit: Self.fieldLimit)
    }
  }

  // MARK: - Banners

  private mutating func addBannerLine(_ text: Bytes) throws(DataError) {
    try split(text)
    let isHeader = fields[0].elementsEqual("example".utf8)
    guard let impression = current else {
      guard isHeader, fields.count >= 7 else {
        throw fault(
          "\"\(quoted(text))\"",
          "example ID: HASH CLICKED PROPENSITY SLOTS CANDIDATES, and features, where an impression "
            + "begins")
      }
      return try addHeader()
    }
    if isHeader { throw missing(impression) }
    try addCandidate(impression)
  }

  private func missing(_ impression: Impression) -> DataError {
    fault(
      "\(count) candidates of impression \(impression.name)",
      "the \(impression.candidates ?? 0) that its first line counts")
  }

  private mutating func addHeader() throws(DataError) {
    let isClicked = try flag(3, "the click of an impression")
    guard let propensity = Number.decimal(fields[4]), propensity > 0, propensity <= 1 else {
      throw fault("the propensity is \"\(quoted(fields[4]))\"", LineFault.propensity)
    }
    let slots = try number(5, "the number of slots", 1...Self.candidateLimit)
    let candidates = try number(6, "the number of candidates", slots...Self.candidateLimit)
    let id = fields[1].last == UInt8(ascii: ":") ? Bytes(rebasing: fields[1].dropLast()) : fields[1]
    current = Impression(id: Array(id), slots: slots, candidates: candidates)
    guard slots == 1 else {
      leftOut += 1
      return
    }
    addDecision(isClicked: isClicked, propensity: propensity)
    guard hasFeatures else { return }
    for at in 7..<fields.count {
      if at < 9 {
        let (name, value) = try number(of: fields[at])
        try context.append(name, value, of: file, line)
      } else {
        try context.append(fields[at], 1, of: file, line)
      }
    }
    try context.endRow(of: file)
  }

  private mutating func addCandidate(_ impression: Impression) throws(DataError) {
    let isIts =
      fields.count > 1 && fields[1].starts(with: "exid:".utf8)
      && fields[1].dropFirst(5).elementsEqual(impression.id)
    guard isIts else {
      throw fault(
        "\"\(quoted(fields.count > 1 ? fields[1] : fields[0]))\"",
        "exid:\(impression.name), as \((impression.candidates ?? 0) - count) of its candidates are "
          + "still to come")
    }
    let isClicked = try flag(0, "the click of a candidate")
    if isClicked, count >= impression.slots {
      throw fault(
        "candidate \(count + 1) of impression \(impression.name) is clicked",
        impression.slots == 1
          ? "a click on none but the first, which was displayed"
          : "clicks on none but the first \(impression.slots), which were displayed")
    }
    if hasFeatures, impression.slots == 1 {
      for at in 2..<fields.count { try pairs.append(fields[at], 1, of: file, line) }
      rows.append(try pairs.endDistinctRow(of: file))
    }
    count += 1
    if count == impression.candidates { end() }
  }

  // MARK: - The challenge

  private mutating func addChallengeLine(_ text: Bytes) throws(DataError) {
    try parts.split(text, .pipe, of: file, line)
    guard parts.count == 2 || parts.count == 4, !parts[0].trimmed.isEmpty else {
      throw fault(
        "\"\(quoted(text))\"", "ID |l COST |p INVERSE |f INDEX:NUMBER ..., or ID |f ... alone")
    }
    let id = parts[0].trimmed
    let isIts = current?.id.elementsEqual(id) ?? false
    if parts.count == 4 {
      if isIts {
        throw fault(
          "a second |l in impression \(quoted(id))",
          "one, in the line of the candidate that was displayed, its first")
      }
      end()
      try addDisplayed()
      current = Impression(id: Array(id))
    } else if !isIts {
      throw fault(
        "no |l and |p in the first line of impression \(quoted(id))",
        "those of the candidate that was displayed; criteo_test_release has none, so that it tells "
          + "nothing of a policy")
    }
    let features = parts[parts.count - 1]
    try split(features)
    guard fields.count > 0, fields[0].elementsEqual("f".utf8) else {
      throw fault("\"|\(quoted(features))\"", "|f INDEX:NUMBER ... at the end")
    }
    count += 1
    guard hasFeatures else { return }
    for at in 1..<fields.count {
      let (name, value) = try number(of: fields[at])
      try pairs.append(name, value, of: file, line)
    }
    rows.append(try pairs.endDistinctRow(of: file))
  }

  private mutating func addDisplayed() throws(DataError) {
    func value(_ at: Int, _ name: Character) throws(DataError) -> Bytes {
      let part = parts[at].trimmed
      guard part.first == name.asciiValue, part.count > 1, part[1] == 32 else {
        throw fault("\"|\(quoted(part))\"", "|l COST, |p INVERSE and |f in this order")
      }
      return Bytes(rebasing: part[1...]).trimmed
    }
    let (cost, inverse) = (try value(1, "l"), try value(2, "p"))
    guard let loss = Number.decimal(cost), loss == 0.001 || loss == 0.999 else {
      throw fault(
        "|l is \"\(quoted(cost))\"", "0.001 where the ad was clicked, 0.999 where it was not")
    }
    guard let number = Number.decimal(inverse), number >= 1 else {
      throw fault(
        "|p is \"\(quoted(inverse))\"",
        "the inverse of the displayed candidate's propensity, at least 1")
    }
    addDecision(isClicked: loss == 0.001, propensity: 1 / number)
  }

  // MARK: - Both

  private mutating func addDecision(isClicked: Bool, propensity: Double) {
    log.actions.append(0)
    log.positions.append(0)
    log.rewards.append(isClicked ? 1 : 0)
    log.propensities.append(propensity)
    log.multiplicities.append(isClicked ? 1 : Self.unclicked)
  }

  /// Ends the impression whose candidates were read.
  private mutating func end() {
    if let impression = current, impression.slots == 1 {
      if hasFeatures {
        log.candidates.append(rows: rows)
      } else {
        log.candidates.append(count: count)
      }
    }
    (current, count) = (nil, 0)
    rows.removeAll(keepingCapacity: true)
  }

  private func flag(_ at: Int, _ what: String) throws(DataError) -> Bool {
    guard fields[at].elementsEqual("0".utf8) || fields[at].elementsEqual("1".utf8) else {
      throw fault("\(what) is \"\(quoted(fields[at]))\"", "0 or 1")
    }
    return fields[at][0] == UInt8(ascii: "1")
  }

  private func number(
    _ at: Int, _ what: String, _ range: ClosedRange<Int>
  ) throws(DataError) -> Int {
    guard let value = Number.seconds(fields[at]).flatMap({ Int(exactly: $0) }), range ~= value
    else {
      throw fault(
        "\(what) is \"\(quoted(fields[at]))\"",
        "a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  /// The feature `name:number` that a field is.
  private func number(of field: Bytes) throws(DataError) -> (name: Bytes, value: Double) {
    guard let colon = field.firstIndex(of: UInt8(ascii: ":")),
      let value = Number.decimal(Bytes(rebasing: field[(colon + 1)...]))
    else {
      throw fault("\"\(quoted(field))\" among the features", "INDEX:NUMBER")
    }
    return (Bytes(rebasing: field[..<colon]), value)
  }

  mutating func finish() throws(DataError) -> LoggedFeedback {
    if let impression = current, impression.candidates != nil { throw missing(impression) }
    end()
    if log.count == 0 {
      throw leftOut > 0
        ? .fault(
          file, found: "no banner of one slot",
          expected: "some, as the propensity of several slots is that of a whole list")
        : .fault(file, found: "no impressions", expected: "some, with their candidates")
    }
    log.actionIDs = (1...log.candidates.most).map(String.init)
    log.positionIDs = ["1"]
    log.setClusters((0..<Int32(log.count)).map { $0 })
    log.notes.append(
      "impressions without a click count \(Int(Self.unclicked)) times each, as the data have one "
        + "in \(Int(Self.unclicked)) of them")
    if leftOut > 0 {
      log.notes.append(
        "banners of several slots are left out, as their propensities are of whole lists: "
          + grouped(leftOut))
    }
    log.addFeatures(context: context, of: pairs)
    return log
  }
}

extension Bytes {
  /// Without blanks at either end.
  fileprivate var trimmed: Bytes {
    var (start, end) = (0, count)
    while start < end, self[start] == 32 { start += 1 }
    while end > start, self[end - 1] == 32 { end -= 1 }
    return Bytes(rebasing: self[start..<end])
  }
}
