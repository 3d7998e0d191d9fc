import DRRData

/// Sessions as a reader meets them, checked one by one, into a log.
struct SessionBuilder {
  private var log: SessionLog
  private let options: SessionOptions
  private let leastLength: Int
  /// Whether steps after the start must have lists.
  let hasLists: Bool
  var repairs = SessionRepairs()
  /// The ids of a log whose ids are not item numbers.
  var ids: RawIDs?
  private var files: [String] = []
  private var places: [(file: Int32, line: Int32)] = []
  private var highest: Int32 = -1

  private var draft = SessionDraft()
  private var fault: SessionFault?
  /// The last list that each item was seen in.
  private var lastSeen: [Int] = []
  private var listNumber = 0

  init(format: String, hasLists: Bool, isSimulated: Bool, _ options: SessionOptions) {
    log = SessionLog(name: "", format: format, checksum: "", itemCount: 0)
    self.options = options
    self.hasLists = hasLists
    leastLength = options.minimumLength ?? (isSimulated ? 1 : 2)
  }

  var file: String { files.last ?? "" }
  var isOpen: Bool { draft.line > 0 }

  var hasFailed: Bool { fault != nil }

  /// Sessions to come are of this file.
  mutating func open(file: String) {
    if files.last != file { files.append(file) }
  }

  mutating func begin(line: Int) {
    draft = SessionDraft(line: line)
    fault = nil
  }

  mutating func step(
    click: Int32, reward: Float, list: some Sequence<Int32> = EmptyCollection<Int32>(),
    state: Int32? = nil, line: Int? = nil
  ) {
    draft.clicks.append(click)
    draft.rewards.append(reward)
    draft.shown.append(contentsOf: list)
    draft.listEnds.append(draft.shown.count)
    draft.lines.append(line ?? draft.line)
    if let state { draft.states.append(state) }
  }

  /// Something is wrong with the session that is being read.
  mutating func fail(_ fault: SessionFault) {
    if self.fault == nil { self.fault = fault }
  }

  mutating func fail(_ kind: SessionRepairs.Kind, line: Int, _ found: String, expected: String) {
    fail(SessionFault(kind: kind, file: file, line: line, found: found, expected: expected))
  }

  /// Takes the session that was read, or leaves it out and counts it, or refuses the log.
  mutating func end() throws(DataError) {
    defer { draft = SessionDraft() }
    if fault == nil, draft.clicks.isEmpty {
      fail(.empty, line: draft.line, "a session without a step", expected: "its start at least")
    }
    var step = 0
    while fault == nil, step < draft.clicks.count {
      check(step)
      step += 1
    }
    if let fault { return try leaveOut(fault) }
    write()
  }

  /// Counts what cannot be used, or refuses the log for it.
  mutating func leaveOut(_ fault: SessionFault) throws(DataError) {
    guard options.repairs.contains(.dropSessions) else { throw .line(fault.fault) }
    repairs.note(fault.kind, fault.file, fault.line)
  }

  private mutating func check(_ step: Int) {
    let list = draft.list(of: step)
    let (click, line) = (draft.clicks[step], draft.lines[step])
    if !isChecked(step) { return }
    let (has, duplicates) = inspect(list, click)
    if !has, !options.repairs.contains(.appendClicks) {
      return fail(
        .clickNotShown, line: line,
        "step \(step) clicks item \(name(click)), which is not in its list",
        expected: list.isEmpty
          ? "a list with it"
          : "one of \(list.prefix(5).map(name).joined(separator: ","))"
            + (list.count > 5 ? ",... (\(list.count) items)" : ""))
    }
    if let duplicate = duplicates.first, !options.repairs.contains(.mergeDuplicates) {
      return fail(
        .duplicateShown, line: line, "step \(step) shows item \(name(duplicate)) twice",
        expected: "each item of a list once")
    }
    let size = list.count - duplicates.count + (has ? 0 : 1)
    if step > 0, let least = options.minimumList, size < least {
      fail(
        .shortList, line: line, "step \(step) shows \(counted(size, "item"))",
        expected: "at least \(least)")
    }
  }

  private func name(_ item: Int32) -> String { ids?[Int(item)] ?? "\(item)" }

  /// The list of a start may be a filling: nothing, or the start itself over and over.
  private func isChecked(_ step: Int) -> Bool {
    hasLists && (step > 0 || draft.list(of: 0).contains { $0 != draft.clicks[0] })
  }

  /// Whether the list has the click, and what it has more than once.
  private mutating func inspect(
    _ list: ArraySlice<Int32>, _ click: Int32
  ) -> (has: Bool, duplicates: [Int32]) {
    listNumber += 1
    var has = false
    var duplicates: [Int32] = []
    for item in list {
      if Int(item) >= lastSeen.count {
        let size = max(2 * lastSeen.count, Int(item) + 1)
        lastSeen += Array(repeating: 0, count: size - lastSeen.count)
      }
      if lastSeen[Int(item)] == listNumber { duplicates.append(item) }
      lastSeen[Int(item)] = listNumber
      has = has || item == click
    }
    return (has, duplicates)
  }

  private mutating func write() {
    for step in draft.clicks.indices {
      var list = draft.list(of: step)
      let click = draft.clicks[step]
      if isChecked(step) {
        let (has, duplicates) = inspect(list, click)
        if !duplicates.isEmpty {
          list = withoutDuplicates(list)
          repairs.note(.duplicatesMerged, file, draft.lines[step], count: duplicates.count)
        }
        if !has {
          list.append(click)
          repairs.note(.clickAppended, file, draft.lines[step])
        }
      }
      highest = list.reduce(max(highest, click)) { max($0, $1) }
      log.addStep(
        click: click, reward: draft.rewards[step], list: list,
        state: draft.states.isEmpty ? nil : draft.states[max(step - 1, 0)])
    }
    log.endSession(ended: false, state: draft.states.last)
    places.append((Int32(files.count - 1), Int32(clamping: draft.line)))
  }

  private mutating func withoutDuplicates(_ list: ArraySlice<Int32>) -> ArraySlice<Int32> {
    listNumber += 1
    return list.filter { item in
      defer { lastSeen[Int(item)] = listNumber }
      return lastSeen[Int(item)] != listNumber
    }[...]
  }

  /// The whole log, filtered, with lists sampled where it has none and some are asked for.
  mutating func finish(checksum: String) throws(DataError) -> SessionLog {
    if log.count == 0 { throw .noSessions(file: file) }
    let sorted = ids?.sort()
    var itemIDs = ids.map(Array.init)
    let found = itemIDs?.count ?? options.itemCount ?? Int(highest) + 1
    var numbers = sorted ?? (0..<Int32(found)).map { $0 }
    if let top = options.topItems {
      keep(mostClicked(top, numbers, found), &numbers, &itemIDs)
    }
    var lengths: [Int] = []
    for session in 0..<log.count { lengths.append(try length(of: session, numbers)) }
    if itemIDs != nil { keep(occurring(lengths, numbers), &numbers, &itemIDs) }
    var result = SessionLog(
      name: "", format: log.format, checksum: checksum, itemCount: itemIDs?.count ?? found,
      itemIDs: itemIDs)
    var sampler: ListSampler?
    if !hasLists, let size = options.listSize {
      guard size <= result.itemCount else {
        throw .setting(
          name: "listSize", value: "\(size)",
          expected: "at most \(result.itemCount), the items of \(file)")
      }
      sampler = ListSampler(clicks(numbers, result.itemCount), size: size, options)
      result.listsAreSampled = true
    }
    for session in 0..<log.count where lengths[session] > 0 {
      copy(session, lengths[session], numbers, into: &result, &sampler)
    }
    if result.count == 0 { throw .noSessions(file: file) }
    result.markEnded(longest: options.maximumLength ?? result.longestSession)
    result.repairs = repairs
    return result
  }

  /// Gives the items `kept`, ascending, the numbers 0, 1, ... and all others none.
  private func keep(_ kept: [Int], _ numbers: inout [Int32], _ itemIDs: inout [String]?) {
    var places = [Int32](repeating: -1, count: Int(numbers.max() ?? -1) + 1)
    for (place, item) in kept.enumerated() { places[item] = Int32(place) }
    numbers = numbers.map { $0 < 0 ? -1 : places[Int($0)] }
    itemIDs = kept.map { itemIDs?[$0] ?? "\($0)" }
  }

  /// Steps that are kept of a session, 0 where it is left out.
  private mutating func length(of session: Int, _ numbers: [Int32]) throws(DataError) -> Int {
    let all = log.steps(of: session)
    let count = all.count { numbers[Int(log.clicks[$0])] >= 0 }
    let (file, line) = (files[Int(places[session].file)], Int(places[session].line))
    repairs.note(.rareItem, file, line, count: all.count - count)
    if let most = options.maximumLength, count > most {
      switch options.longSessions {
      case .refuse:
        throw .fault(
          file, line: line, found: "a session of \(counted(count, "step"))",
          expected: "at most \(most)")
      case .drop:
        repairs.note(.tooLong, file, line)
        return 0
      case .cut:
        repairs.note(.cut, file, line)
        return most
      }
    }
    if count >= leastLength { return count }
    repairs.note(.tooShort, file, line)
    return 0
  }

  private func steps(of session: Int, _ length: Int, _ numbers: [Int32]) -> ArraySlice<Int> {
    log.steps(of: session).filter { numbers[Int(log.clicks[$0])] >= 0 }.prefix(length)
  }

  /// Items that the sessions which are kept click or show, ascending.
  private func occurring(_ lengths: [Int], _ numbers: [Int32]) -> [Int] {
    var occurs: Set<Int32> = []
    for session in 0..<log.count where lengths[session] > 0 {
      for step in steps(of: session, lengths[session], numbers) {
        occurs.insert(numbers[Int(log.clicks[step])])
        for item in log.list(of: step) { occurs.insert(numbers[Int(item)]) }
      }
    }
    return occurs.filter { $0 >= 0 }.map(Int.init).sorted()
  }

  private func copy(
    _ session: Int, _ length: Int, _ numbers: [Int32], into result: inout SessionLog,
    _ sampler: inout ListSampler?
  ) {
    let kept = steps(of: session, length, numbers)
    for (place, step) in kept.enumerated() {
      let click = numbers[Int(log.clicks[step])]
      let shown: [Int32] = log.list(of: step).map { numbers[Int($0)] }.filter { $0 >= 0 }
      let list = (place > 0 ? sampler?.list(with: click) : nil) ?? shown
      result.addStep(
        click: click, reward: log.rewards[step], list: list,
        state: log.states.isEmpty ? nil : log.states[step])
    }
    guard !log.states.isEmpty, let last = kept.last else { return result.endSession(ended: false) }
    let next = last + 1
    result.endSession(
      ended: false,
      state: next < log.steps(of: session).upperBound
        ? log.states[next] : log.lastStates[session])
  }

  /// Clicks on each item, by its number in the result.
  private func clicks(_ numbers: [Int32], _ itemCount: Int) -> [Int] {
    var counts = [Int](repeating: 0, count: itemCount)
    for click in log.clicks where numbers[Int(click)] >= 0 {
      counts[Int(numbers[Int(click)])] += 1
    }
    return counts
  }

  /// The items clicked most, ascending.
  private func mostClicked(_ top: Int, _ numbers: [Int32], _ itemCount: Int) -> [Int] {
    let counts = clicks(numbers, itemCount)
    return counts.indices.filter { counts[$0] > 0 }
      .sorted { (counts[$1], $0) < (counts[$0], $1) }.prefix(top).sorted()
  }
}

/// A session that is being read.
private struct SessionDraft {
  var line = 0
  var clicks: [Int32] = []
  var rewards: [Float] = []
  var shown: [Int32] = []
  var listEnds: [Int] = []
  /// The state after each step.
  var states: [Int32] = []
  var lines: [Int] = []

  func list(of step: Int) -> ArraySlice<Int32> {
    shown[(step == 0 ? 0 : listEnds[step - 1])..<listEnds[step]]
  }
}
