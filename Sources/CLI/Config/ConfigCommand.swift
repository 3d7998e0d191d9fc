import ArgumentParser
import DRR

struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Show the settings of runs, and what a --config may hold.",
    discussion: """
      Every `drr train` command takes --config FILE: its options by their names, in YAML or JSON, or \
      the config.json of a run, which starts the same run again.

      Examples:
        drr config schema dqn
        drr config show runs/first
        drr config diff runs/first runs/second
      """,
    subcommands: [Show.self, Diff.self, Schema.self])
}

extension ConfigCommand {
  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show", abstract: "Show every setting of a run.",
      discussion: """
        Examples:
          drr config show runs/first
          drr config show runs/first --json
        """)

    @Argument(help: "The folder of a run, or a config.json.", completion: .directory)
    var folder: String
    @OptionGroup var output: OutputOptions

    func run() throws {
      let settings = try ConfigCommand.settings(folder)
      let rows = DRR.settings(of: settings).sorted { $0.key < $1.key }.map { [$0.key, $0.value] }
      try output.print(settings, "\(settings.title)\n" + Table(rows: rows, words: 3).text)
    }
  }

  struct Diff: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "diff", abstract: "Show the settings in which two runs differ.",
      discussion: """
        Examples:
          drr config diff runs/first runs/second
        """)

    @Argument(help: "The folder of a run, or a config.json.", completion: .directory)
    var first: String
    @Argument(help: "The other.", completion: .directory)
    var second: String
    @OptionGroup var output: OutputOptions

    private struct Row: Encodable { var setting, first, second: String }

    func run() throws {
      let found = try settingsThatDiffer(
        ConfigCommand.settings(first), ConfigCommand.settings(second)
      ).map { Row(setting: $0.name, first: $0.begun, second: $0.wanted) }
      let rows = [["setting", first, second]] + found.map { [$0.setting, $0.first, $0.second] }
      try output.print(
        found,
        found.isEmpty
          ? "\(first) and \(second) have the same settings"
          : Table(rows: rows, words: 3).text)
    }
  }

  struct Schema: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "schema", abstract: "Print the JSON Schema of a command's --config.",
      discussion: """
        An editor that is told of it completes and checks such files.

        Examples:
          drr config schema dqn > dqn.schema.json
        """)

    @Argument(help: "What is trained, as in drr train.")
    var algorithm: String

    func run() throws {
      let names = TrainCommand.configuration.subcommands.map { $0._commandName }
      guard let command = CommandHelp.command(["train", algorithm]), command != TrainCommand.self
      else {
        throw ValidationError(
          "ALGORITHM is \(algorithm); it must be \(oneOf(names, for: algorithm)).")
      }
      try Console.result(
        RunFolder.json(ConfigSchema("train \(algorithm)", CommandHelp(of: command)), pretty: true))
    }
  }

  /// - Throws: `RunError` where there is no run.
  fileprivate static func settings(_ path: String) throws -> any RunSettings {
    let folder = RunFolder(path)
    let first = try folder.readGroup()?.members[0].folder(in: folder) ?? folder
    let file = folder.exists(first.configuration) ? first.configuration : path
    guard let settings = try Algorithms.settings(in: file) else {
      throw RunError(
        "\(path) is neither the folder of a run nor a run's config.json; `drr runs` lists runs")
    }
    return settings
  }
}
