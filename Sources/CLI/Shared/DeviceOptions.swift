import ArgumentParser
import DRR
import Kernels
import Tensor

extension DeviceRequest: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
  public static var allValueStrings: [String] { ["auto", "cpu", "opencl", "opencl:P:D"] }
}

struct BlasOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The processor that OpenBLAS is told to be, e.g. Haswell; auto drops a preset "
        + "OPENBLAS_CORETYPE.", valueName: "core"),
    completion: .list(["auto", "Haswell", "SkylakeX", "Zen"]))
  var blasCore: String?

  /// To be called before anything else uses the CPU.
  func configure() throws { try CPUBackend.configure(blasCore: blasCore) }
}

struct DeviceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where to compute; auto times updates on the CPU and on each GPU and takes the fastest."))
  var device: DeviceRequest = .auto

  @OptionGroup var blas: BlasOptions

  /// The device asked for, for work that no device does faster than the CPU.
  func hostDevice() throws -> DeviceID {
    try blas.configure()
    return try device == .auto ? .cpu : DeviceCatalog.resolve(device)
  }

  /// A backend on it.
  func hostBackend() throws -> any Backend {
    try DeviceCatalog.backend(for: hostDevice())
  }

  /// The backend asked for, which has the memory that is needed. `trial` gives the seconds of one
  /// update on a device, for `auto`.
  func backend(
    _ need: MemoryNeed = MemoryNeed(), trial: (any Backend) throws -> Double
  ) throws -> any Backend {
    try need.require(on: nil)
    let backend = try fastest(trial)
    try need.require(on: backend.device)
    return backend
  }

  private func fastest(_ trial: (any Backend) throws -> Double) throws -> any Backend {
    try blas.configure()
    guard device == .auto else {
      return try DeviceCatalog.backend(for: DeviceCatalog.resolve(device))
    }
    let candidates = DeviceCatalog.candidates()
    for candidate in candidates where candidate.isFaulty {
      Console.warn("\(candidate.name): \(candidate.reason ?? "")")
    }
    // No driver is as fast on the processor as the CPU itself.
    let usable = candidates.compactMap(\.info).filter { $0.id == .cpu || $0.kind != .cpu }
    let others = usable.filter { $0.id != .cpu }
    if Ranks.all.size > 1, !others.isEmpty {
      return try DeviceCatalog.backend(for: others[Ranks.localRank % others.count].id)
    }
    guard usable.count > 1 else {
      let names = usable.map { " (\($0.name))" }
      Console.note("device: cpu\(names.first ?? ""), as there is no GPU")
      return try DeviceCatalog.backend(for: .cpu)
    }
    var timed: [(info: DeviceInfo, seconds: Double)] = []
    for info in usable {
      do {
        timed.append((info, try trial(DeviceCatalog.backend(for: info.id))))
      } catch let error as BackendError {
        Console.warn("\(info.id) is left out: \(error)")
      }
    }
    guard let best = timed.min(by: { $0.seconds < $1.seconds }) else {
      return try DeviceCatalog.backend(for: .cpu)
    }
    let figures = timed.map { "\($0.info.id) \(decimal($0.seconds * 1e3, 2)) ms" }
    Console.note(
      "device: \(best.info.id) (\(best.info.name)), by the least time of an update: "
        + figures.joined(separator: ", "))
    return try DeviceCatalog.backend(for: best.info.id)
  }
}

/// A backend that is looked for when it is first asked for: what is wrong without it shows before.
final class LazyBackend {
  private let find: () throws -> any Backend
  private var found: (any Backend)?

  init(_ find: @escaping () throws -> any Backend) { self.find = find }

  func callAsFunction() throws -> any Backend {
    let backend = try found ?? find()
    found = backend
    return backend
  }
}

extension DeviceOptions {
  /// For work on sessions; `auto` stays on the device that a run was started on.
  func sessionBackend(begunIn folder: RunFolder? = nil) throws -> any Backend {
    var device = self
    // Under mpirun each process has the GPU of its own number.
    if device.device == .auto, let begun = try folder?.deviceOfIRecGAN(),
      begun == .cpu || Ranks.all.size == 1,
      (try? DeviceCatalog.resolve(begun)) != nil
    {
      device.device = begun
    }
    return try device.backend { try DeviceTrial.secondsPerSessionUpdate(on: $0) }
  }
}
