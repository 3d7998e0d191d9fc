import ArgumentParser
import DRR
import Terminal

/// Rooflines of a result.
struct RooflineCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "roofline", abstract: "Draw the rooflines of a result; nothing is measured.",
    discussion: """
      A picture for each number of threads that the ops were measured with, beside the result or in \
      --output, as NAME-THREADS-roofline.svg. The ceilings are those by which the result tells the \
      ops' shares.

      Examples:
        drr bench roofline bench/results/cpu.json
        drr bench roofline now.json --output pictures
      """)

  @Argument(help: "The JSON of `drr bench all`, or of `drr bench kernels --json`.")
  var result: String
  @Option(help: "The folder that the pictures go to. (default: the result's own)")
  var output: String?

  func run() throws {
    guard let text = readText(result) else { throw RunError("\(result): no such file") }
    let report: Report
    do { report = try Report(json: text) } catch { throw RunError("\(result): \(error)") }
    let file = result.split(separator: "/").last.map(String.init) ?? result
    let name = file.hasSuffix(".json") ? String(file.dropLast(5)) : file
    let folder =
      output ?? (result.contains("/") ? String(result.dropLast(file.count + 1)) : ".")
    if let output { try RunFolder(output).create() }
    let pictures = try Roofline.write(report.all, to: folder.isEmpty ? "/" : folder, name: name)
    guard !pictures.isEmpty else {
      throw RunError(
        "\(result) has no op with a share of a ceiling; measure some by `drr bench kernels --json`")
    }
    try Console.result(pictures.map { "\(folder)/\($0.file)" }.joined(separator: "\n"))
  }
}

extension Roofline {
  /// Writes a picture for each report that has ops; of several with as many threads the first.
  ///
  /// - Returns: what each is called on a page, and its file in the folder.
  static func write(
    _ reports: [Report], to folder: String, name: String
  ) throws -> [(name: String, file: String)] {
    var drawn: Set<Int> = []
    return try reports.compactMap { report in
      let threads = report.stamp.threads
      guard let roofline = Roofline(report), drawn.insert(threads).inserted else { return nil }
      let file = "\(name)-\(threads)-roofline.svg"
      try AtomicFile.write(roofline.svg, to: "\(folder)/\(file)", readers: .all)
      return ("Roofline, threads: \(threads)", file)
    }
  }
}
