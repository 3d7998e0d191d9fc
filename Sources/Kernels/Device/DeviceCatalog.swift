/// What a person asked for: `auto`, `cpu`, `opencl`, `opencl:P` or `opencl:P:D`.
public enum DeviceRequest: Hashable, Sendable {
  /// Left to the caller, which measures the devices: no device can be resolved from it.
  case auto
  /// The host.
  case cpu
  /// An OpenCL device; where a part is nil any will do, a GPU first.
  case openCL(platform: Int?, index: Int?)

  /// Nil where the text is none of the forms above.
  public init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    switch parts.first {
    case "auto" where parts.count == 1: self = .auto
    case "cpu" where parts.count == 1: self = .cpu
    case "opencl" where parts.count <= 3:
      let numbers = parts.dropFirst().map { Int($0) }
      guard numbers.allSatisfy({ $0 != nil && $0! >= 0 }) else { return nil }
      self = .openCL(
        platform: numbers.first ?? nil, index: numbers.count > 1 ? numbers[1] : nil)
    default: return nil
    }
  }
}

/// A device that can be used, or the reason why one cannot.
public struct DeviceCandidate: Sendable {
  /// What to ask for: `cpu`, `opencl:0:1`. `opencl` and `opencl:1` where nothing is behind them.
  public var name: String
  /// Nil where it cannot be used.
  public var info: DeviceInfo?
  /// Why it cannot be used, in one sentence.
  public var reason: String?
  /// Whether it is there and its driver fails.
  public var isFaulty: Bool
  /// What else a person may want to know of it.
  public var notes: [String]

  /// A candidate by its parts.
  public init(
    name: String, info: DeviceInfo?, reason: String?, isFaulty: Bool = false, notes: [String] = []
  ) {
    self.name = name
    self.info = info
    self.reason = reason
    self.isFaulty = isFaulty
    self.notes = notes
  }
}

/// The devices of this machine.
public enum DeviceCatalog {
  /// The CPU first, then each OpenCL device; what is missing is listed with its reason.
  public static func candidates() -> [DeviceCandidate] {
    let cpu = DeviceCandidate(
      name: DeviceID.cpu.description, info: CPUBackend.info, reason: nil,
      notes: [CPUBackend.openBLAS])
    return [cpu] + openCLCandidates()
  }

  private static func openCLCandidates() -> [DeviceCandidate] {
    let driver: OpenCLDriver
    do throws(BackendError) { driver = try OpenCLDriver.shared.get() } catch {
      return [
        DeviceCandidate(
          name: "opencl", info: nil, reason: error.description,
          isFaulty: OpenCLDriver.trial.fault != nil)
      ]
    }
    return driver.platforms.enumerated().flatMap { index, platform in
      if let reason = platform.reason {
        return [DeviceCandidate(name: "opencl:\(index)", info: nil, reason: reason)]
      }
      return platform.devices.map { device in
        DeviceCandidate(
          name: device.info.id.description, info: device.reason == nil ? device.info : nil,
          reason: device.reason, isFaulty: OpenCLDriver.trial.faults[device.info.id] != nil,
          notes: device.reason == nil ? [OpenCLTuning(device).note] : [])
      }
    }
  }

  /// The device that fits a request, `auto` excepted, which takes a measurement to decide.
  /// An OpenCL request without an index prefers a GPU, then an accelerator, then a CPU device.
  public static func resolve(_ request: DeviceRequest) throws(BackendError) -> DeviceID {
    switch request {
    case .auto: fatalError("auto names no device")
    case .cpu: return .cpu
    case .openCL(let platform, let index):
      let driver = try OpenCLDriver.shared.get()
      let order: [DeviceInfo.Kind] = [.gpu, .accelerator, .cpu]
      let fitting = driver.platforms.flatMap(\.devices).filter { device in
        guard device.reason == nil, case .openCL(let p, let i) = device.info.id else {
          return false
        }
        return (platform ?? p) == p && (index ?? i) == i
      }
      for kind in order {
        if let device = fitting.first(where: { $0.info.kind == kind }) { return device.info.id }
      }
      let asked =
        "opencl" + (platform.map { ":\($0)" } ?? "") + (index.map { ":\($0)" } ?? "")
      let there = openCLCandidates().map { candidate in
        "\(candidate.name) (\(candidate.info?.name ?? candidate.reason ?? ""))"
      }
      throw .noDevice(
        "no device fits \(asked); there is cpu, " + there.joined(separator: ", "))
    }
  }

  /// A new backend on a device.
  public static func backend(for id: DeviceID) throws(BackendError) -> any Backend {
    switch id {
    case .cpu:
      if let refusal = OpenBLAS.refusal { throw .noDevice(refusal) }
      return CPUBackend()
    case .openCL: return try OpenCLBackend(device: id)
    case .custom(let name): throw .noDevice("the device \(name) is not of this module")
    }
  }
}
