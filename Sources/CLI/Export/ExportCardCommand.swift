import ArgumentParser
import DRR

extension ExportCommand {
  struct Card: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "card", abstract: "Write a model card of a run.",
      discussion: """
        A page of Markdown with the head that model registries read: data, training, the figures of \
        drr evaluate with every baseline and the oracle, how to use it, and its limits. Evaluate \
        first, so that there are figures.

        Examples:
          drr evaluate --run runs/first
          drr export card runs/first --out models/first/README.md
        """)

    @Argument(
      help: ArgumentHelp("The folder of the run.", valueName: "run"), completion: .directory)
    var source: String
    @Option(
      help: ArgumentHelp("The page that is written.", valueName: "file.md"),
      completion: .file(extensions: ["md"]))
    var out: String
    @OptionGroup var place: RunDataOption
    @OptionGroup var device: DeviceOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
      if source.isEmpty { throw ValidationError("the run is empty; name its folder.") }
      if out.isEmpty { throw ValidationError("--out is empty; name a file, as README.md.") }
      try requireFolder(of: out, "--out")
    }

    func run() throws {
      let folder = RunFolder(source)
      let model = try exportedModel(of: folder, data: place.data, on: device.hostBackend())
      let page = try ModelCard(model, of: folder).markdown
      try AtomicFile.write(page, to: out, readers: .all)
      try output.print(
        Written(out: out, bytes: page.utf8.count, agent: model.header.agent),
        "\(out): \(model.header.agent) of \(model.header.data.name)")
    }

    private struct Written: Encodable {
      var out: String
      var bytes: Int
      var agent: String
    }
  }
}
