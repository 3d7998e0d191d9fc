import DRRCore
import DRRData

/// Clicks, lists and rewards of sessions in three files, a session a line in each and steps by
/// blank: `gen_click.txt` an item, `gen_action.txt` the list by comma, `gen_reward.txt` a number.
/// The first step is the start, and its list is filled with it.
enum ThreeFileSessions {
  static let names = (clicks: "gen_click.txt", lists: "gen_action.txt", rewards: "gen_reward.txt")

  static func read(
    _ files: inout SessionFiles, _ options: SessionOptions
  ) throws(DataError) -> SessionLog {
    var builder = SessionBuilder(
      format: "clicks, lists and rewards in three files", hasLists: true, isSimulated: true,
      options)
    let clicks = try StepLines(names.clicks, &files) { (text) throws(ItemNumber.Odd) in
      try ItemNumber.item(text, options)
    }
    let lists = try StepLines(names.lists, &files) { (text) throws(ItemNumber.Odd) in
      try ItemNumber.item(text, options)
    }
    let rewards = try StepLines(names.rewards, &files) { (text) throws(ItemNumber.Odd) in
      guard let value = Number.decimal(text), Float(value).isFinite else {
        throw ItemNumber.Odd(found: quoted(text), expected: "a number")
      }
      return Float(value)
    }
    builder.open(file: clicks.file)
    let last = max(clicks.lastLine, lists.lastLine, rewards.lastLine)
    for line in 1..<last + 1 {
      builder.begin(line: line)
      let (clickSteps, listSteps) = (clicks.steps(line), lists.steps(line))
      let rewardSteps = rewards.steps(line)
      for fault in [clicks.faults[line], lists.faults[line], rewards.faults[line]] {
        if let fault { builder.fail(fault) }
      }
      for (file, count) in [(lists.file, listSteps.count), (rewards.file, rewardSteps.count)]
      where count != clickSteps.count {
        builder.fail(
          SessionFault(
            kind: .ragged, file: file, line: line, found: "a session of \(counted(count, "step"))",
            expected: "\(clickSteps.count), as in \(clicks.file)"))
      }
      for step in clickSteps where clicks.values(step).count != 1 {
        builder.fail(
          .malformed, line: line,
          "step \(step - clickSteps.lowerBound) has \(clicks.values(step).count) clicks",
          expected: "one")
      }
      for step in rewardSteps where rewards.values(step).count != 1 {
        builder.fail(
          SessionFault(
            kind: .malformed, file: rewards.file, line: line,
            found:
              "step \(step - rewardSteps.lowerBound) has \(rewards.values(step).count) rewards",
            expected: "one"))
      }
      for (place, step) in clickSteps.enumerated() where !builder.hasFailed {
        builder.step(
          click: clicks.values(step).first ?? 0,
          reward: rewards.values(rewardSteps.lowerBound + place).first ?? 0,
          list: lists.values(listSteps.lowerBound + place))
      }
      try builder.end()
    }
    return try builder.finish(checksum: files.checksum)
  }
}

/// Lines of steps by blank, each of values by comma.
private struct StepLines<Value> {
  let file: String
  private(set) var faults: [Int: SessionFault] = [:]
  private var lines: [(line: Int, steps: Range<Int>)] = []
  private var offsets: [Int] = [0]
  private var all: [Value] = []
  /// The place in `lines` of each line number.
  private var places: [Int32] = []

  init(
    _ name: String, _ files: inout SessionFiles,
    _ value: (Bytes) throws(ItemNumber.Odd) -> Value
  ) throws(DataError) {
    var (lines, offsets, all) = ([(line: Int, steps: Range<Int>)](), [0], [Value]())
    var faults: [Int: SessionFault] = [:]
    file = try files.forEachLine(of: name) { (file, number, line) in
      let first = offsets.count - 1
      do throws(ItemNumber.Odd) {
        try ItemNumber.forEachPart(of: line, by: 32) { (part) throws(ItemNumber.Odd) in
          // More than one blank, or one at the end.
          if part.isEmpty { return }
          try ItemNumber.forEachPart(of: part, by: 44) { (text) throws(ItemNumber.Odd) in
            all.append(try value(text))
          }
          offsets.append(all.count)
        }
      } catch {
        let step = offsets.count - 1 - first
        offsets.removeLast(offsets.count - 1 - first)
        all.removeLast(all.count - (offsets.last ?? 0))
        faults[number] = SessionFault(
          kind: .malformed, file: file, line: number,
          found: "step \(step) has \"\(error.found)\"", expected: error.expected)
      }
      if offsets.count - 1 > first || faults[number] != nil {
        lines.append((number, first..<offsets.count - 1))
      }
    }
    (self.lines, self.offsets, self.all, self.faults) = (lines, offsets, all, faults)
    places = Array(repeating: -1, count: lastLine + 1)
    for (place, line) in lines.enumerated() { places[line.line] = Int32(place) }
  }

  var lastLine: Int { lines.last?.line ?? 0 }

  func steps(_ line: Int) -> Range<Int> {
    line < places.count && places[line] >= 0 ? lines[Int(places[line])].steps : 0..<0
  }

  func values(_ step: Int) -> ArraySlice<Value> { all[offsets[step]..<offsets[step + 1]] }
}
