/// Names a device. Equality includes the index, so two GPUs are two devices.
public enum DeviceID: Hashable, Sendable, CustomStringConvertible {
  case cpu
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
  public enum Kind: String, Hashable, Sendable { case cpu, gpu, accelerator }

  public var id: DeviceID
  public var kind: Kind
  /// The maker's name for it, e.g. `NVIDIA H200`.
  public var name: String
  /// The driver or library that serves it, with its version.
  public var driver: String
  public var memoryBytes: UInt64
  public var computeUnits: Int

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
