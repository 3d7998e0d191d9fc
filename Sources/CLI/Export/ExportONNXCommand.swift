import ArgumentParser
import DRR
import Kernels

extension ExportCommand {
  struct ONNX: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "onnx", abstract: "Write a model's network as ONNX.",
      discussion: """
        The file takes a user, a history or a session by number and gives a score of every item: \
        what drr recommend orders by, −∞ for items that training has not seen. What a user has had \
        already is left to the caller. Ids stand in the metadata as lists of JSON, drr.items and \
        drr.users; users of the file's tables can be others, where a call brings its own table. \
        Many tables are no network, and are refused.

        Examples:
          drr export model runs/first models/first
          drr export onnx models/first --out first.onnx
          drr export onnx runs/first --out first.onnx --json
        """)

    @Argument(
      help: ArgumentHelp("The folder of a model, or of a run.", valueName: "model"),
      completion: .directory)
    var source: String
    @Option(
      help: ArgumentHelp("The file that is written.", valueName: "file.onnx"),
      completion: .file(extensions: ["onnx"]))
    var out: String
    @OptionGroup var place: RunDataOption
    @OptionGroup var device: DeviceOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
      if source.isEmpty { throw ValidationError("the model is empty; name its folder.") }
      if out.isEmpty { throw ValidationError("--out is empty; name a file, as model.onnx.") }
      try requireFolder(of: out, "--out")
    }

    func run() throws {
      let backend = try device.hostBackend()
      let model = try model(on: backend)
      let file = try model.onnx(on: backend)
      try AtomicFile.write(file.bytes, to: out)
      let ports =
        file.inputs
        + file.tables.map { table in
          var table = table
          table.about += "; optional"
          return table
        }
      try output.print(
        Written(
          out: out, bytes: file.bytes.count, agent: model.header.agent, inputs: file.inputs,
          tables: file.tables, outputs: file.outputs),
        "\(out): \(model.header.agent) of \(grouped(model.items.count)) items, "
          + "\(grouped(file.bytes.count)) bytes\n"
          + (ports + file.outputs).map { "  \($0.name)  \($0.type)  \($0.about)" }
          .joined(separator: "\n"))
    }

    private func model(on backend: any Backend) throws -> ExportedModel {
      guard ExportedModel.isIn(source) else {
        return try exportedModel(of: RunFolder(source), data: place.data, on: backend)
      }
      if let data = place.data {
        throw ValidationError(
          "--data is \(data), and the model \(source) brings all that it needs; leave --data out.")
      }
      return try ExportedModel(folder: source)
    }

    private struct Written: Encodable {
      var out: String
      var bytes: Int
      var agent: String
      var inputs: [ONNXFile.Port]
      var tables: [ONNXFile.Port]
      var outputs: [ONNXFile.Port]
    }
  }
}
