import ArgumentParser
import DRR
import Essentials
import Tensor
import Terminal

/// What it costs to ask the device for anything at all.
struct Latency: MeasuringCommand {
  static let configuration = CommandConfiguration(
    abstract: "Time a launch, a round trip and the building of the kernels.",
    discussion: """
      The kernels are built by another process: cold with empty cache folders, cached with those \
      that it has filled.

      Examples:
        drr bench latency --device opencl
      """)

  @OptionGroup var measuring: MeasuringOptions

  func figures(in room: Room) throws -> [Figure] {
    let backend = room.backend
    let x = Floats(backend.allocate(64), count: 64)
    backend.fill(1, into: x)
    func launch() { backend.affine(x, scale: 0.5, shift: 0.5, into: x) }
    let host: [Float] = [1]

    var figures: [Figure] = []
    room.begin(6)
    func add(_ name: String, _ work: Work) throws {
      room.step(name)
      figures.append(Figure("latency", name, try room.harness.measure([work])[0], in: room))
    }
    room.step("dispatch")
    figures.append(
      Figure("latency", "dispatch, not waited for", try dispatch(room, launch), in: room))
    try add(
      "round trip: a launch, waited for",
      Work("") {
        launch()
        try backend.synchronize()
      })
    try add(
      "50 launches, then waited for",
      Work("") {
        for _ in 0..<50 { launch() }
        try backend.synchronize()
      })
    try add(
      "write 4 bytes, launch, read 4 bytes",
      Work("") {
        backend.write(host, to: x[0..<1])
        launch()
        _ = try backend.read(x[0..<1])
      })
    return figures + (try builds(room))
  }

  /// What the host spends on asking for a launch, fifty in a row; the device may catch up after.
  private func dispatch(_ room: Room, _ launch: () -> Void) throws -> Samples {
    var samples = Samples()
    for _ in 0..<room.harness.rounds {
      var (wall, cpu) = (0.0, 0.0)
      for _ in 0..<20 {
        try room.backend.synchronize()
        let (start, busy) = (ContinuousClock.now, processSeconds())
        for _ in 0..<50 { launch() }
        wall += (ContinuousClock.now - start).seconds
        cpu += processSeconds() - busy
      }
      samples.wall.append(wall / 1_000)
      samples.cpu.append(cpu / 1_000)
    }
    return samples
  }

  /// A fresh process up to its first launch and its first update, with empty caches and full ones.
  private func builds(_ room: Room) throws -> [Figure] {
    let arguments = ["first-update", "--device", "\(room.device.id)"]
    var samples: [String: Samples] = [:]
    for _ in 0..<2 {
      let folder = try TemporaryFolder()
      let caches = [
        "DRR_CACHE": folder.path + "/drr", "POCL_CACHE_DIR": folder.path + "/pocl",
        "CUDA_CACHE_PATH": folder.path + "/cuda", "XDG_CACHE_HOME": folder.path + "/home",
      ]
      for state in ["cold", "cached"] {
        room.step("kernels, \(state)")
        let output = try ChildProcess.again(Self.prefix + arguments, setting: caches)
        let times = try JSONDecoder().decode([String: Double].self, from: Data(output.utf8))
        for (name, time) in times {
          samples["\(name), kernels \(state)", default: Samples()].wall.append(time)
        }
      }
    }
    return samples.sorted { $0.key < $1.key }.map { name, samples in
      var figure = Figure("latency", name)
      figure.seconds = Spread(samples.wall)
      return figure
    }
  }

  /// What this program was called with ahead of its own commands: `bench` where it is `drr`.
  static var prefix: [String] {
    CommandLine.arguments.dropFirst().first == "bench" ? ["bench"] : []
  }
}

/// In a process of its own: seconds up to the first launch's end and the first update's.
struct FirstUpdate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Time a fresh process's first launch and first update.", shouldDisplay: false)

  @OptionGroup var measuring: MeasuringOptions

  func run() throws {
    let start = ContinuousClock.now
    func elapsed() -> Double { (ContinuousClock.now - start).seconds }
    let backend = try measuring.makeBackend()
    let ready = elapsed()
    let x = Floats(backend.allocate(64), count: 64)
    backend.affine(x, scale: 0, shift: 1, into: x)
    try backend.synchronize()
    let launched = elapsed()
    _ = try DeviceTrial.secondsPerUpdate(nil, dimension: 100, on: backend)
    print(
      try RunFolder.json([
        "a process's device": ready, "a process's first launch": launched - ready,
        "a process's first eight updates": elapsed() - launched,
      ]))
  }
}
