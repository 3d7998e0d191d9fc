import CBench
import DRR
import Platform
import Tensor
import Terminal

/// Where one command measures: the device, the clockwork, the peers, and what is told on the way.
final class Room {
  let backend: any Backend
  let options: MeasuringOptions
  var harness: Harness
  private(set) var skipped: [String] = []
  private let line = Progress()
  private var stepsDone = 0
  private var steps = 0
  private var name = ""
  private lazy var foundCeilings = Result { try Ceilings.find(in: self) }

  init(_ options: MeasuringOptions) throws {
    self.options = options
    options.prepareProcess()
    backend = try options.makeBackend()
    harness = Harness(rounds: options.rounds, secondsPerRound: options.seconds)
  }

  var device: DeviceInfo { backend.device }
  var isCPU: Bool { device.id == .cpu }
  var threads: Int { options.threads ?? Int(bench_processor_count()) }
  var goesByCPU: Bool { isCPU && threads == 1 }

  /// Measured when first asked for.
  func ceilings() throws -> Ceilings { try foundCeilings.get() }

  // MARK: - Telling

  /// Says that so much is to be done, each a call of `step`.
  func begin(_ count: Int) { (steps, stepsDone) = (count, 0) }

  func step(_ name: String) {
    self.name = name
    tell()
    stepsDone += 1
  }

  /// Between rounds, as a step may take long.
  private func tell() {
    // All steps are one stage, whose rate and time left are those of the whole.
    line.update(stepsDone, of: max(steps, stepsDone + 1), "measurements, \(name)")
  }

  func finish() {
    line.update(stepsDone, of: stepsDone, "measurements")
    line.finish()
  }

  func skip(_ sentence: String) {
    if !skipped.contains(sentence) { skipped.append(sentence) }
  }

  // MARK: - Timing

  /// A call of the device, with the queue waited for at the end of a round.
  func work(_ name: String, _ calls: [() -> Void]) -> Work {
    Work(name, calls, finish: backend.synchronize)
  }

  func work(_ name: String, _ call: @escaping () throws -> Void) -> Work {
    Work(name, finish: backend.synchronize, call)
  }

  /// Ours and a peer's process, twice in turn. The peer answers by the names of its own cases.
  func measure(_ works: [Work], beside peer: Peer?) throws -> ([Samples], Peer.Answer?) {
    guard let peer, !options.noPeers else {
      return (try harness.measure(works) { _ in tell() }, nil)
    }
    var half = harness
    half.rounds = max(2, (harness.rounds + 1) / 2)
    var ours = works.map { _ in Samples() }
    var theirs: Peer.Answer?
    for _ in 0..<2 {
      ours = zip(ours, try half.measure(works) { _ in tell() }).map { $0 + $1 }
      switch try peer.run(threads: threads, rounds: half.rounds, python: options.python) {
      case .success(let answer): theirs = theirs?.merged(with: answer) ?? answer
      case .failure(let absence):
        skip(absence.description)
        return (zip(ours, try half.measure(works) { _ in tell() }).map { $0 + $1 }, nil)
      }
    }
    return (ours, theirs)
  }

  /// What one call asks of the device.
  func counts(of calls: Int, _ body: () throws -> Void) throws -> [String: Int] {
    try backend.synchronize()
    let before = backend.counters
    for _ in 0..<calls { try body() }
    let counts = backend.counters - before
    try backend.synchronize()
    return [
      "launches": counts.launches / calls, "writes": counts.writes / calls,
      "syncs": counts.syncs / calls, "freshBuffers": counts.freshBuffers / calls,
      "arguments": counts.arguments / calls,
    ]
  }

  // MARK: - What it depends on

  var stamp: Stamp {
    let host = CPUBackend.info
    return Stamp(
      drr: Program.version, device: "\(device.id)", kind: device.kind.rawValue, name: device.name,
      driver: device.driver, processor: host.name, openBLAS: CPUBackend.openBLAS,
      coreType: environment("OPENBLAS_CORETYPE"), threads: threads,
      cores: Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), lastLevelCacheBytes: lastLevelCache)
  }

  /// Bytes of the largest cache of the processor; 64 MiB where that is not to be read.
  var lastLevelCache: Int {
    for index in [3, 2] {
      let path = "/sys/devices/system/cpu/cpu0/cache/index\(index)/size"
      if let text = readText(path), let kilobytes = Int(text.prefix { $0.isNumber }) {
        return kilobytes << 10
      }
    }
    return 64 << 20
  }
}

func environment(_ name: String) -> String? {
  guard let value = getenv(name), value.pointee != 0 else { return nil }
  return String(cString: value)
}

/// A small file's text; nil where there is none.
func readText(_ path: String) -> String? {
  guard let file = fopen(path, "r") else { return nil }
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var part = [UInt8](repeating: 0, count: 65_536)
  while true {
    let count = fread(&part, 1, part.count, file)
    guard count > 0 else { break }
    bytes += part[..<count]
  }
  return String(decoding: bytes, as: UTF8.self)
}

/// The most memory that this process has held, as the kernel counts it; nil where it does not say.
func peakMemory() -> Int? {
  guard let status = readText("/proc/self/status"),
    let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
    let kilobytes = Int(line.filter(\.isNumber))
  else { return nil }
  return kilobytes << 10
}
