import DRRCore
import Essentials
import Runs

/// A run in a report: one training, or several that differ in their seeds alone.
struct ReportedRun {
  var name: String
  /// The run's folder, or the group's.
  var folder: RunFolder
  private(set) var members: [RunFolder]
  private(set) var series: [MetricSeries]
  let settings: any RunSettings
  /// Whether its trainings were begun one by one, so that what was evaluated lies with each.
  private(set) var isByHand = false

  /// The run, or the group that one command trained, of a folder.
  ///
  /// - Throws: `RunError` where nothing was trained there.
  init(_ folder: RunFolder, name: String) throws {
    let group = try folder.readGroup()
    self.folder = folder
    self.name = name
    members = group?.members.map { $0.folder(in: folder) } ?? [folder]
    settings = try Algorithms.requiredSettings(of: members[0], in: folder)
    series = members.map { MetricSeries($0) }
  }

  /// The folders that evaluations of it lie in.
  var evaluated: [RunFolder] { isByHand ? members : [folder] }

  /// The runs that lie in a folder which is none itself, as one; nil where it is one, or has none.
  ///
  /// - Throws: `RunError` where they differ in more than their seeds.
  static func seeds(in folder: RunFolder, name: String) throws -> ReportedRun? {
    guard !folder.exists(folder.configuration), !folder.exists(folder.group) else { return nil }
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    let runs = try entries.sorted().compactMap { entry -> ReportedRun? in
      let inner = RunFolder("\(folder.path)/\(entry)")
      return !entry.hasPrefix(".") && inner.exists(inner.configuration)
        ? try ReportedRun(inner, name: entry) : nil
    }
    guard !runs.isEmpty else { return nil }
    let found = grouped(runs)
    guard found.count == 1, var only = found.first else {
      throw RunError(
        "\(folder.path) holds \(runs.count) runs that differ in more than their seeds; name those "
          + "that you want, as drr report "
          + runs.prefix(2).map(\.folder.path).joined(separator: " "))
    }
    only.name = name
    return only
  }

  /// The same runs, those that differ in their seeds alone as one, in the place of the first.
  static func grouped(_ runs: [ReportedRun]) -> [ReportedRun] {
    runs.reduce(into: []) { found, run in
      guard run.members.count == 1,
        let place = found.firstIndex(where: { other in
          (other.isByHand || other.members.count == 1) && run.differsInSeed(from: other)
        })
      else { return found.append(run) }
      found[place].add(run)
    }
  }

  private mutating func add(_ run: ReportedRun) {
    let first = isByHand ? String(name.split(separator: " ")[0]) : name
    members += run.members
    series += run.series
    isByHand = true
    name = "\(first) … \(run.name)"
  }

  private func differsInSeed(from other: ReportedRun) -> Bool {
    let seeds = other.members.compactMap { try? Algorithms.settings(of: $0)?.seed }
    return !seeds.contains(settings.seed) && Self.isSame(settings, other.settings)
  }

  /// Whether settings are equal but for their seeds, and for where data lie.
  private static func isSame(_ one: any RunSettings, _ other: any RunSettings) -> Bool {
    func opened<Settings: RunSettings>(_ one: Settings) -> Bool {
      guard let other = other as? Settings else { return false }
      func plain(_ settings: Settings) -> Settings {
        var same = settings.identity
        same.seed = 0
        if var run = same as? RunConfiguration {
          (run.data.source, run.data.name) = ("", "")
          if let run = run as? Settings { same = run }
        }
        return same
      }
      return plain(one) == plain(other)
    }
    return opened(one)
  }
}
