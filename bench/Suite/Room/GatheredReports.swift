/// Reports of several commands, one for each number of threads and core that they ran with.
struct GatheredReports {
  private let stamp: Stamp
  private var byThreads: [Int: Report] = [:]

  /// - Parameter stamp: of the core that was set before others were tried.
  init(like stamp: Stamp) { self.stamp = stamp }

  /// Takes in what is not there yet.
  mutating func add(_ report: Report) {
    for part in report.all {
      let key = part.stamp.coreType == stamp.coreType ? part.stamp.threads : -part.stamp.threads
      var known = byThreads[key] ?? Report(stamp: part.stamp, figures: [], skipped: [])
      let names = Set(known.figures.map { "\($0.group) \($0.name)" })
      known.figures += part.figures.filter { !names.contains("\($0.group) \($0.name)") }
      known.skipped += part.skipped.filter { !known.skipped.contains($0) }
      byThreads[key] = known
    }
  }

  /// One thread before all, the core as it was set before the best; figures in the order of groups.
  func reports(inOrderOf groups: [String]) -> [Report] {
    byThreads.keys.sorted { (abs($0), -$0) < (abs($1), -$1) }.map { key in
      var report = byThreads[key]!
      report.figures = groups.flatMap { group in report.figures.filter { $0.group == group } }
      return report
    }
  }
}

extension Report {
  /// The figures of these groups alone.
  func only(_ groups: [String]) -> Report {
    var report = self
    report.figures.removeAll { !groups.contains($0.group) }
    report.others = others?.map { $0.only(groups) }
    return report
  }
}
