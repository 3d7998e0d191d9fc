import CBench
import Platform
import Tensor

/// What the device can do at most, measured: no work on it goes faster than these allow.
struct Ceilings {
  /// Bytes a second of a triad whose arrays lie in a core's own cache, and in memory.
  var cacheBandwidth: Double
  var memoryBandwidth: Double
  /// Multiply-adds in registers, two operations each, a second.
  var arithmetic: Double
  var figures: [Figure]

  static func find(in room: Room) throws -> Ceilings {
    let measured = try room.isCPU ? onProcessor(room, threads: room.threads) : onDevice(room)
    return Ceilings(measured)
  }

  init(_ figures: [Figure]) {
    func most(_ names: [String], _ rate: (Figure) -> Double?) -> Double {
      figures.filter { figure in names.contains { figure.name.hasPrefix($0) } }
        .compactMap(rate).max() ?? 0
    }
    cacheBandwidth = 1e9 * most(["triad, cache", "copy, cache"], \.gigabytesAtBest)
    memoryBandwidth = 1e9 * most(["triad, memory", "copy, memory"], \.gigabytesAtBest)
    arithmetic = 1e9 * most(["multiply-add"], \.gigaflopsAtBest)
    self.figures = figures
  }

  func bandwidth(_ residence: String?) -> Double {
    residence == "memory" ? memoryBandwidth : cacheBandwidth
  }

  /// The share of what flops and bytes allow that a figure reaches.
  func share(of figure: Figure) -> Double? {
    guard let time = figure.time?.median, time > 0 else { return nil }
    let least = max(
      (figure.flops ?? 0) / arithmetic, (figure.bytes ?? 0) / bandwidth(figure.residence))
    return least > 0 && least.isFinite ? least / time : nil
  }

  // MARK: - The processor

  static func onProcessor(_ room: Room, threads: Int) throws -> [Figure] {
    let words = threads == 1 ? "1 thread" : "\(threads) threads"
    var figures: [Figure] = []
    func add(_ name: String, flops: Double?, bytes: Double?, _ call: @escaping () -> Void) throws {
      room.step(name)
      let samples = try room.harness.measure([Work(name) { call() }])[0]
      var figure = Figure("ceilings", "\(name), \(words)", samples, in: room)
      figure.goesByCPU = room.goesByCPU || threads == 1
      (figure.flops, figure.bytes) = (flops, bytes)
      figures.append(figure)
    }
    // Three arrays in half of a core's 1 MiB or more of second cache, and two of which are past the
    // last cache.
    let small = threads * (96 << 10) / 3
    let large = max(96 << 20, room.lastLevelCache * 5 / 2) / 12
    for (place, count) in [("cache", small), ("memory", large)] {
      let repeats = Int64(max(1, (1 << 21) / count))
      let arrays = HostArrays(count: count)
      let (bytes, n) = (Double(4 * count) * Double(repeats), Int64(count))
      let (a, b, y) = (arrays.pointer(0), arrays.pointer(1), arrays.pointer(2))
      try add("read, \(place)", flops: nil, bytes: 3 * bytes) {
        _ = bench_read(a, Int64(arrays.length), Int32(threads), repeats)
      }
      try add("copy, \(place)", flops: nil, bytes: 2 * bytes) {
        bench_copy(a, y, n, Int32(threads), repeats)
      }
      try add("triad, \(place)", flops: nil, bytes: 3 * bytes) {
        bench_triad(a, b, y, n, Int32(threads), repeats)
      }
      withExtendedLifetime(arrays) {}
    }
    let operations = bench_multiply_add(Int32(threads), 1)
    try add("multiply-add", flops: operations * 4_000, bytes: nil) {
      _ = bench_multiply_add(Int32(threads), 4_000)
    }
    return figures
  }

  // MARK: - An OpenCL device

  private static func onDevice(_ room: Room) throws -> [Figure] {
    let (device, backend) = (room.device, room.backend)
    var figures: [Figure] = []
    let small = device.kind == .cpu ? 32 << 10 : 1 << 18
    let large = max(48 << 20, room.isProcessor ? room.lastLevelCache * 5 / 4 : 1 << 30) / 12
    for (place, count) in [("cache", small), ("memory", large)] {
      func floats() -> Floats {
        let view = Floats(backend.allocate(count), count: count)
        backend.fill(1, into: view)
        return view
      }
      let (a, b, y) = (floats(), floats(), floats())
      for (name, arrays, call) in [
        ("copy", 2, { backend.copy(a, into: y) }),
        ("triad", 3, { backend.combine(.add, a, b, .none, m: 1, n: count, into: y) }),
      ] as [(String, Int, () -> Void)] {
        room.step(name)
        let samples = try room.harness.measure([room.work(name, [call])])[0]
        figures.append(
          Figure(
            "ceilings", "\(name), \(place)", samples, bytes: Double(4 * arrays * count), in: room))
      }
    }
    room.step("multiply-add")
    let probe = try OpenCLProbe(device)
    let samples = try room.harness.measure([Work("multiply-add") { try probe.run() }])[0]
    figures.append(
      Figure("ceilings", "multiply-add", samples, flops: probe.operations, in: room))
    return figures
  }
}

extension Room {
  /// Whether the work is done by the host's processor, by whatever driver.
  var isProcessor: Bool { device.kind == .cpu }
}

extension Figure {
  var gigabytesAtBest: Double? { atBest(bytes) }
  var gigaflopsAtBest: Double? { atBest(flops) }

  private func atBest(_ amount: Double?) -> Double? {
    guard let amount, let least = time?.least, least > 0 else { return nil }
    return amount / least / 1e9
  }
}

/// Three arrays of the host, one behind the other, on large pages where there are, and touched.
final class HostArrays {
  private let memory: UnsafeMutableRawPointer
  private let count: Int

  init(count: Int) {
    self.count = (count + 1_023) / 1_024 * 1_024
    memory = .allocate(byteCount: 12 * self.count, alignment: 2 << 20)
    madvise(memory, 12 * self.count, MADV_HUGEPAGE)
    memory.initializeMemory(as: Float.self, repeating: 1, count: 3 * self.count)
  }

  deinit { memory.deallocate() }

  /// Elements of all three.
  var length: Int { 3 * count }

  func pointer(_ number: Int) -> UnsafeMutablePointer<Float> {
    (memory + 4 * number * count).assumingMemoryBound(to: Float.self)
  }
}
