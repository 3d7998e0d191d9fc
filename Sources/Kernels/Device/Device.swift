/// Names a device. Equality includes the index, so two GPUs are two devices.
public enum DeviceID: Hashable, Sendable, CustomStringConvertible {
  /// The host, by OpenBLAS and loops.
  case cpu
  /// An OpenCL device, by its place among the platforms and the devices of one.
  case openCL(platform: Int, index: Int)
  /// A device that lives outside this module, such as the float64 reference of the tests.
  case custom(String)

  public var description: String {
    switch self {
    case .cpu: "cpu"
    case .openCL(let platform, let index): "opencl:\(platform):\(index)"
    case .custom(let name): name
    }
  }
}

/// What a device is, as people want to read it.
public struct DeviceInfo: Hashable, Sendable {
  /// As OpenCL tells them apart.
  public enum Kind: String, Hashable, Sendable { case cpu, gpu, accelerator }

  public var id: DeviceID
  /// What it is.
  public var kind: Kind
  /// The maker's name for it, e.g. `NVIDIA H200`.
  public var name: String
  /// The driver or library that serves it, with its version.
  public var driver: String
  /// Its memory, in bytes.
  public var memoryBytes: UInt64
  /// Its cores or compute units.
  public var computeUnits: Int

  /// A device by its parts.
  public init(
    id: DeviceID, kind: Kind, name: String, driver: String, memoryBytes: UInt64, computeUnits: Int
  ) {
    self.id = id
    self.kind = kind
    self.name = name
    self.driver = driver
    self.memoryBytes = memoryBytes
    self.computeUnits = computeUnits
  }
}
