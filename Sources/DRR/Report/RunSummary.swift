import DRRCore
import Essentials
import Platform
import Runs
import Tensor

/// What lies in a run's folder, in a line.
public struct RunSummary: Codable, Hashable, Sendable {
  /// The folder.
  public var path: String
  /// What it holds, such as "a Q-learning run".
  public var title: String
  /// Trainings in it, of which each has a folder of its own; 1 of a run alone.
  public var trainings: Int
  /// The latest step that was reported; of several trainings the least. Nil before the first report.
  public var step: Int?
  /// Steps in all; nil where only the data tell.
  public var steps: Int?
  /// The best that validation found, and of what; nil where nothing was validated.
  public var best: Double?
  /// The measure of `best`: NDCG@10, return, clicks, or the exact value of the greedy policy.
  public var measure: String?
  /// Bytes of its files.
  public var bytes: Int
  /// Why it cannot be read; nil where it can.
  public var fault: String?

  /// Every run below a folder, by path.
  ///
  /// - Throws: `RunError` where there is no such folder.
  public static func all(below folder: String) throws -> [RunSummary] {
    guard let entries = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
      throw RunError("\(folder) is no folder that can be read; name one that holds runs")
    }
    if let own = RunSummary(RunFolder(folder)) { return [own] }
    return entries.sorted().flatMap { entry -> [RunSummary] in
      // A link may lead back to where it stands.
      let path = "\(folder)/\(entry)"
      guard !entry.hasPrefix("."),
        (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) == nil
      else { return [] }
      return (try? all(below: path)) ?? []
    }
  }

  /// The run, or the group, in a folder; nil where there is none.
  init?(_ folder: RunFolder) {
    let group = try? folder.readGroup()
    let members = group?.members.map { $0.folder(in: folder) } ?? [folder]
    guard folder.exists(members[0].configuration) else { return nil }
    path = folder.path
    trainings = members.count
    bytes = Self.size(of: folder.path)
    do {
      guard let settings = try Algorithms.settings(of: members[0]) else {
        throw RunError("\(members[0].configuration) is no configuration of a run")
      }
      title = settings.title
      steps = settings.totalSteps
    } catch {
      title = "unreadable"
      fault = "\(error)"
      return
    }
    let series = members.map { MetricSeries($0) }
    let latest = series.compactMap { series in
      let own = series.lines.filter { series.kinds == ["pmf"] || $0.key != "pmf" }
      return own.flatMap(\.value).map(\.step).max()
    }
    step = latest.count == members.count ? latest.min() : nil
    let found = zip(members, series).compactMap { Self.validated($0, $1) }
    (best, measure) = (found.map(\.value).max(), found.first?.measure)
  }

  /// What validation found of the policy that a training keeps: the best, or the last where that is
  /// kept; nil where nothing was validated.
  package static func validated(_ folder: RunFolder) -> (value: Double, measure: String)? {
    validated(folder, MetricSeries(folder))
  }

  private static func validated(
    _ folder: RunFolder, _ series: MetricSeries
  ) -> (value: Double, measure: String)? {
    let settings = try? Algorithms.settings(of: folder)
    let keepsLast = (settings as? RunConfiguration)?.agent?.training.choice == .last
    let measures = [
      ("ndcg10", "NDCG@10"), ("ndcg", "NDCG@10"), ("validationRate", "clicks"),
      ("greedyValue", "value"),
    ]
    for (name, measure) in [("meanReturn", "return")] + measures {
      // What training itself earned is no validation.
      let kinds = name == "meanReturn" ? ["validation"] : series.kinds
      let found = kinds.flatMap { series.points($0, name) }.map(\.y)
      guard let last = found.last, let best = found.max() else { continue }
      return (keepsLast || name == "greedyValue" ? last : best, measure)
    }
    return nil
  }

  private static func size(of folder: String) -> Int {
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return entries.reduce(0) { sum, entry in
      let path = "\(folder)/\(entry)"
      var status = stat()
      guard lstat(path, &status) == 0 else { return sum }
      return sum + (status.st_mode & S_IFMT == S_IFDIR ? size(of: path) : Int(status.st_size))
    }
  }
}
