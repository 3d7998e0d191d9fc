import ArgumentParser
import DRR
import Kernels

struct DevicesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "devices", abstract: "List the devices, or why one is not there.",
    discussion: """
      Examples:
        drr devices
        drr devices --blas-core auto --json
      """)

  @OptionGroup var blas: BlasOptions
  @OptionGroup var output: OutputOptions

  private struct Row: Encodable {
    var name: String
    var kind: String?
    var device: String?
    var driver: String?
    var memoryBytes: UInt64?
    var computeUnits: Int?
    var reason: String?
    var notes: [String]
  }

  func run() throws {
    try blas.configure()
    let candidates = DeviceCatalog.candidates()
    if output.json {
      let rows = candidates.map {
        Row(
          name: $0.name, kind: $0.info?.kind.rawValue, device: $0.info?.name,
          driver: $0.info?.driver, memoryBytes: $0.info?.memoryBytes,
          computeUnits: $0.info?.computeUnits, reason: $0.reason, notes: $0.notes)
      }
      return try Console.result(Program.json(rows))
    }
    let lines = candidates.flatMap { candidate in
      let description =
        candidate.info.map { info in
          "\(info.kind.rawValue.uppercased()), \(info.name), \(info.driver), "
            + "\(byteText(Double(info.memoryBytes))), \(info.computeUnits) compute units"
        } ?? "not there: \(candidate.reason ?? "no reason given")"
      return ["\(candidate.name): \(description)"] + candidate.notes.map { "  \($0)" }
    }
    try Console.result(lines.joined(separator: "\n"), isForPeople: true)
  }
}
