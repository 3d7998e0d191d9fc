import DRRCore
import Runs

/// A run's settings and all that it reported: what exports are made of.
package struct MeasuredRun {
  /// Its place below the folder that was named, such as `seed-0` or `twin`; empty where it is that.
  package let name: String
  package let folder: RunFolder
  package let lines: [ReportedLine]
  /// Every setting in words, by its path.
  package let settings: [String: String]
  /// The command that trains it, such as `train drr`.
  package let command: String
  /// Unix seconds; 0 where an older program began it.
  package let started: Double
  /// Whether the report that a finished training leaves is there; a myopic copy is finished with its
  /// run.
  package private(set) var isFinished: Bool

  /// Nil where no run was begun.
  package init?(_ folder: RunFolder, name: String = "") throws {
    guard let found = try Algorithms.settings(of: folder) else { return nil }
    (self.name, self.folder) = (name, folder)
    (settings, command) = (DRRCore.settings(of: found), found.command)
    lines = ReportedLine.all(in: folder)
    started = folder.started ?? 0
    isFinished = folder.exists(folder.report)
  }

  /// The run of a folder, or those of its group, each with its myopic copy behind it.
  ///
  /// - Throws: `RunError` where there is none, or none has reported anything.
  package static func all(in folder: RunFolder) throws -> [MeasuredRun] {
    let members = try folder.readGroup()?.members.map(\.name) ?? [""]
    func place(_ name: String) -> RunFolder {
      name.isEmpty ? folder : RunFolder("\(folder.path)/\(name)")
    }
    let first = try Algorithms.requiredSettings(of: place(members[0]), in: folder)
    let runs = try members.flatMap { name -> [MeasuredRun] in
      guard let run = try MeasuredRun(place(name), name: name) else { return [] }
      guard run.folder.hasMyopic,
        var copy = try MeasuredRun(
          run.folder.myopic, name: name.isEmpty ? "twin" : "\(name)/twin")
      else { return [run] }
      copy.isFinished = run.isFinished
      return [run, copy]
    }
    guard runs.contains(where: { !$0.lines.isEmpty }) else {
      throw RunError(
        "\(folder.path) has no metrics: nothing was reported on the way; "
          + (runs.allSatisfy(\.isFinished)
            ? "what its training came to is in \(place(members[0]).report)"
            : "go on with it by `drr \(first.command) --run \(folder.path)`"))
    }
    return runs
  }

  /// When its latest line was written, in Unix seconds.
  package var reached: Double { lines.last?.time ?? started }
}

extension Algorithms {
  /// The settings of a run.
  ///
  /// - Throws: `RunError`, which names `folder`, where none was begun.
  static func requiredSettings(
    of run: RunFolder, in folder: RunFolder
  ) throws -> any RunSettings {
    guard let settings = try settings(of: run) else {
      throw folder.absence()
    }
    return settings
  }
}
