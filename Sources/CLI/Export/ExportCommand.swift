import ArgumentParser
import DRR
import Kernels

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write models, metrics and decisions for other programs.",
    discussion: """
      Examples:
        drr export model runs/first models/first
        drr recommend --model models/first --user 196
        drr export onnx models/first --out first.onnx
        drr export card runs/first --out models/first/README.md
        drr export tensorboard runs/many --out logs
        drr export csv runs/many --out metrics.csv
        drr export mlflow runs/many --out mlruns
      """,
    subcommands: [
      Model.self, ONNX.self, Card.self, Decisions.self, TensorBoard.self, CSV.self, MLflow.self,
    ])
}

extension ExportCommand {
  struct Model: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "model",
      abstract: "Write a model to recommend by: weights, items and what users have rated.",
      discussion: """
        The folder holds model.json, weights.safetensors, items.json and users.json, with their \
        checksums: the policy's weights without optimizers, targets or replay, ids, titles and genres, \
        and all ratings of every user, held out or not. Of a folder of several runs it is the best in \
        validation. An older model of that folder is replaced in one step.

        Examples:
          drr export model runs/first models/first
          drr export model runs/gan models/gan --json
        """)

    @Argument(
      help: ArgumentHelp("The folder of the run.", valueName: "run"), completion: .directory)
    var source: String
    @Argument(
      help: ArgumentHelp("The folder of the model.", valueName: "folder"), completion: .directory)
    var folder: String
    @OptionGroup var place: RunDataOption
    @OptionGroup var device: DeviceOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
      if source.isEmpty || folder.isEmpty {
        throw ValidationError("the run or the folder is empty; name both.")
      }
    }

    func run() throws {
      let model = try exportedModel(
        of: RunFolder(source), data: place.data, on: device.hostBackend())
      try model.write(toFolder: folder)
      try output.print(
        model.header,
        "\(folder): \(model.header.agent) of \(grouped(model.items.count)) items"
          + (model.users.count > 0 ? " and \(grouped(model.users.count)) users" : "")
          + "\nnext: drr recommend --model \(folder)")
    }
  }
}

/// The model of a run, with its data from where they are now.
///
/// - Parameter users: ids of the users that will be asked for; nil: all.
func exportedModel(
  of folder: RunFolder, data: String?, users: [String]? = nil, isUntrained: Bool = false,
  on backend: any Backend
) throws -> ExportedModel {
  var export = RunExport(on: backend, readRatings: loadRatings) {
    try loadSessions(of: $0, moved: data != nil, on: LazyBackend { backend })
  }
  export.data = data
  export.users = users
  export.isUntrained = isUntrained
  export.note = Console.note
  return try export.model(of: folder)
}
