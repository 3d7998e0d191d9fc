import ArgumentParser
import CBench
import DRR
import Platform
import Tensor
import Terminal

/// What every measuring command takes.
struct MeasuringOptions: ParsableArguments {
  @Option(help: "cpu or opencl[:P:D].")
  var device = "cpu"
  @Option(help: "Threads, ours and a peer's; as many as processors where left out.")
  var threads: Int?
  @Option(help: "Rounds; the median and the quartiles are reported.")
  var rounds = 9
  @Option(help: "Seconds a round, filled with calls.")
  var seconds = 0.02
  @Option(help: "The Python that runs the peers.")
  var python = "python3"
  @Option(help: "The folder of the peers' scripts.")
  var peers = "bench/peers"
  @Flag(help: "Run no peer.")
  var noPeers = false
  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    guard DeviceRequest(device) != nil, device != "auto" else {
      throw ValidationError("--device is \(device); it must be cpu or opencl[:P:D].")
    }
    try requireSizes([("threads", [threads ?? 1]), ("rounds", [rounds])])
    guard seconds > 0, seconds <= 3_600 else {
      throw ValidationError("--seconds is \(seconds); it must be above 0 and at most 3600.")
    }
  }

  /// To be called before a library is opened: it reads how many threads it may use.
  func prepareProcess() {
    guard let threads else { return }
    _ = bench_limit_processors(Int32(threads))
    for name in [
      "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "POCL_MAX_PTHREAD_COUNT",
    ] { setenv(name, "\(threads)", 1) }
    // Its threads else go on spinning after a product, on the processors of a CPU device beside it.
    if device != "cpu" { setenv("OPENBLAS_THREAD_TIMEOUT", "4", 0) }
  }

  func makeBackend() throws -> any Backend {
    guard let request = DeviceRequest(device), request != .auto else {
      throw ValidationError("--device is \(device); it must be cpu or opencl[:P:D].")
    }
    return try DeviceCatalog.backend(for: DeviceCatalog.resolve(request))
  }
}

extension MeasuringOptions {
  /// The words of a measuring command in a process of its own, which prints JSON.
  ///
  /// - Parameters:
  ///   - options: with their values.
  ///   - further: more words, of any command, which each begins with; those of this one come in the
  ///     place of its options.
  static func words(
    of command: String, _ options: [(name: String, value: String)], with further: [String]
  ) -> [String] {
    let own = further.map { $0.split(separator: " ").map(String.init) }
      .filter { $0.first == command }.flatMap { $0.dropFirst() }
    let named = own.map { $0.prefix { $0 != "=" } }
    return [command, "--json"]
      + options.filter { !named.contains($0.name[...]) }.flatMap { [$0.name, $0.value] } + own
  }
}

/// Refuses sizes at which nothing can be measured.
func requireSizes(_ options: [(name: String, values: [Int])], upTo most: Int = 65_536) throws {
  for (name, values) in options {
    for value in values where !(1...most).contains(value) {
      throw ValidationError("--\(name) is \(value); it must be 1 ... \(most).")
    }
  }
}

/// A subcommand that measures.
protocol MeasuringCommand: ParsableCommand {
  var measuring: MeasuringOptions { get set }
  /// Whether OpenBLAS's core decides its figures, so that a preset one is measured beside the best.
  static var goesByCore: Bool { get }
  func figures(in room: Room) throws -> [Figure]
}

extension MeasuringCommand {
  static var goesByCore: Bool { false }

  func run() throws { try printReport() }

  func printReport() throws {
    let report = try report()
    try Console.result(
      measuring.json
        ? RunFolder.json(report, pretty: true)
        : report.all.map(\.text)
          .joined(separator: "\n\n"))
  }

  func report() throws -> Report {
    let room = try Room(measuring)
    let figures = try figures(in: room)
    room.finish()
    var report = Report(stamp: room.stamp, figures: figures, skipped: room.skipped)
    if Self.goesByCore && room.isCPU && report.stamp.coreType != nil {
      let own = try ChildProcess.again(
        CommandLine.arguments.dropFirst() + (measuring.json ? [] : ["--json"]),
        without: ["OPENBLAS_CORETYPE"])
      report.others = [try Report(json: own)]
    }
    return report
  }
}
