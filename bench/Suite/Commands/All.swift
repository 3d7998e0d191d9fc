import ArgumentParser
import DRR
import Essentials
import Tensor
import Terminal

/// Everything, into a folder of results.
struct All: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure everything, and write the results.",
    discussion: """
      Each command is a process of its own; those that the number of threads decides run with one \
      and with all. Writes NAME.json, NAME.md and a roofline a number of threads into --output.

      Examples:
        drr bench all
        drr bench all --device opencl --name gpu --skip data
      """)

  @OptionGroup var measuring: MeasuringOptions
  @Option(help: "The folder that the results go to.")
  var output = "bench/results"
  @Option(help: "The results' name; the device's where left out.")
  var name: String?
  @Option(help: "A command to leave out; give it again for more.")
  var skip: [String] = []
  @Flag(help: "What is left out stays as an earlier result of the same name has it.")
  var keep = false
  @Option(help: "More words for one command, such as \"score --memory 1024\"; again for more.")
  var with: [String] = []

  /// In the order that they are told in, and whether threads decide them.
  private static let commands = [
    ("ceilings", false), ("latency", false), ("kernels", true), ("products", true),
    ("updates", true), ("environments", false), ("steps", false), ("score", true),
    ("replay", true), ("data", true),
  ]

  func validate() throws {
    for name in skip where !Self.commands.contains(where: { $0.0 == name }) {
      let names = Self.commands.map(\.0).joined(separator: ", ")
      throw ValidationError("--skip is \(name); it must be one of \(names).")
    }
  }

  func run() throws {
    let stamp = try Room(measuring).stamp
    let most = stamp.threads
    try RunFolder(output).create()
    let name = name ?? Self.slug(stamp)
    var gathered = GatheredReports(like: stamp)
    var failures: [String] = []
    for threads in most == 1 ? [1] : [1, most] {
      for (command, goesByThreads) in Self.commands where !skip.contains(command) {
        guard goesByThreads || threads == most else { continue }
        let words = words(of: command, threads: goesByThreads ? threads : nil)
        Console.note(words.joined(separator: " "))
        do {
          gathered.add(try Report(json: ChildProcess.again(Latency.prefix + words)))
        } catch {
          // It has said why; what takes minutes to measure again is not lost to it.
          failures.append(command + (goesByThreads ? " with --threads \(threads)" : ""))
        }
      }
    }
    if keep { try gathered.add(earlier(named: name, like: stamp)) }
    let reports = gathered.reports(inOrderOf: Self.commands.map(\.0))
    guard var whole = reports.first else {
      if failures.isEmpty { return }
      throw RunError("\(failures.joined(separator: ", ")) failed: nothing was measured")
    }
    whole.skipped += failures.map { "\($0) failed" }
    whole.others = reports.count > 1 ? Array(reports.dropFirst()) : nil
    let json = try RunFolder.json(whole, pretty: true)
    try AtomicFile.write(json + "\n", to: "\(output)/\(name).json", readers: .all)
    let pictures = try Roofline.write(reports, to: output, name: name)
    let page = Page(title: stamp.name, reports: reports, pictures: pictures)
    try AtomicFile.write(page.text, to: "\(output)/\(name).md", readers: .all)
    try Console.result(measuring.json ? json : "\(output)/\(name).json, \(output)/\(name).md")
    if !failures.isEmpty {
      throw RunError("\(failures.joined(separator: ", ")) failed; the results have the others")
    }
  }

  /// What an earlier result has of the commands that are left out.
  private func earlier(named name: String, like stamp: Stamp) throws -> Report {
    let path = "\(output)/\(name).json"
    guard let bytes = FileManager.default.contents(atPath: path) else {
      throw RunError("\(path) is not there; --keep keeps what it has of what --skip leaves out")
    }
    let report = try Report(json: String(decoding: bytes, as: UTF8.self))
    guard report.stamp.processor == stamp.processor, report.stamp.device == stamp.device else {
      throw RunError(
        "\(path) is of \(report.stamp.device) and \(report.stamp.processor), and this is "
          + "\(stamp.device) and \(stamp.processor); name another --name")
    }
    return report.only(skip)
  }

  /// A command with the options of all; those that --with names for it come in their place.
  private func words(of command: String, threads: Int?) -> [String] {
    var shared = [
      ("--device", measuring.device), ("--rounds", "\(measuring.rounds)"),
      ("--seconds", "\(measuring.seconds)"), ("--python", measuring.python),
      ("--peers", measuring.peers),
    ]
    if let threads { shared.append(("--threads", "\(threads)")) }
    return MeasuringOptions.words(of: command, shared, with: with)
      + (measuring.noPeers ? ["--no-peers"] : [])
  }

  /// The device's name as a file's.
  private static func slug(_ stamp: Stamp) -> String {
    let words = stamp.name.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
    let kind = stamp.device == "cpu" ? "cpu" : "opencl"
    return ([kind] + words.map(String.init).filter { $0 != "r" && $0 != "tm" })
      .joined(separator: "-")
  }
}
