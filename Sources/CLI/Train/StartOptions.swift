import ArgumentParser
import DRR

/// What a training starts from: the run that its folder holds, the configuration of another, or the
/// defaults.
struct StartOptions: ParsableArguments {
  @OptionGroup var anew: FreshOption
  @Option(
    help: ArgumentHelp(
      "Options by their names, in YAML or JSON, or the config.json of a run, to start the same. "
        + "Options that are given too come first.", valueName: "file"),
    completion: .file(extensions: ["yaml", "yml", "json"]))
  var config: String?

  var fresh: Bool { anew.fresh }

  /// The algorithm that is gone on with, or started as another was; nil where none is told.
  func algorithm(in folder: RunFolder) -> String? {
    (fresh ? nil : folder.readGroupAlgorithm())
      ?? config.flatMap { RunFolder.algorithm(of: $0) }
  }

  /// The settings of the run that is gone on with, the first of a group, or those that a
  /// configuration starts another with; nil where there are neither.
  ///
  /// - Parameter command: the one that alone may start a run as a configuration has it; nil: any.
  /// - Throws: `RunError` if either is of another kind, or they differ.
  func begun<Settings: RunSettings>(
    _ folder: RunFolder, by command: String? = nil
  ) throws -> Settings? {
    let first = try folder.readGroup()?.members[0].folder(in: folder) ?? folder
    let kept = fresh ? nil : try Algorithms.begun(Settings.self, in: first)
    guard let started: Settings = try configured(by: command) else { return kept }
    guard let kept else { return started }
    if let change = started.firstDifference(from: kept) {
      throw RunError(
        "\(folder.path): the run was started with \(change.name) \(change.begun), and --config "
          + "\(config ?? "") has \(change.wanted); name another --run, or leave --config out")
    }
    return kept
  }

  private func configured<Settings: RunSettings>(by command: String?) throws -> Settings? {
    guard let config, let found = try Algorithms.settings(in: config) else { return nil }
    guard let settings = found as? Settings, [nil, found.command].contains(command) else {
      throw RunError(
        "--config \(config) is of \(found.title); start such a run by `drr \(found.command) "
          + "--config \(config)`")
    }
    return settings
  }
}
