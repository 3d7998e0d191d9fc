import ArgumentParser

/// The data of a run that was trained.
struct RunDataOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where the run's data are now. (default: where they were)", valueName: "source"),
    completion: .file())
  var data: String?
}

/// The data of a command that has no run: named by --data, or alone.
struct SourceOptions: ParsableArguments {
  @Argument(help: "The data, as --data names them.", completion: .file())
  var source: String?
  @Option(
    name: .customLong("data"),
    help: ArgumentHelp(
      "Where the data are: a folder, a file or a .zip; ratings also as generated:SIZE[:SEED].",
      valueName: "source"), completion: .file())
  var data: String?

  func validate() throws {
    if let source, let data {
      throw ValidationError(
        "\(source) and --data \(data) both name data; leave one of them out.")
    }
    if source == nil && data == nil {
      throw ValidationError("no data are named; add --data SOURCE.")
    }
  }

  var path: String { data ?? source ?? "" }
}
