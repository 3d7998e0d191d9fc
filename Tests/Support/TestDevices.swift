import Foundation
import Kernels

/// One device as the tests see it. Every test case makes its own backend.
public struct TestDevice: Sendable, CustomStringConvertible {
  /// `cpu`, `opencl:P:D`, or `opencl:P:D/gpu-form` for the kernels of a GPU forced on a CPU.
  public let name: String
  public let make: @Sendable () throws -> any Backend

  public init(name: String, make: @escaping @Sendable () throws -> any Backend) {
    self.name = name
    self.make = make
  }

  public var description: String { name }

  /// Whether `request` names this device: `opencl` names every OpenCL device and `opencl:0:0` its
  /// forced forms too.
  public func matches(_ request: String) -> Bool {
    name == request || name.hasPrefix(request + ":") || name.hasPrefix(request + "/")
  }
}

/// The devices that tests run on.
///
/// `DRR_TEST_DEVICES=cpu,opencl:0:0` narrows them. `DRR_REQUIRE_DEVICES=cpu,opencl` makes a run
/// fail where one named is not among them.
public enum TestDevices {
  public static let present: [TestDevice] = DeviceCatalog.candidates().flatMap {
    candidate -> [TestDevice] in
    guard let info = candidate.info else { return [] }
    let id = info.id
    let device = TestDevice(name: candidate.name) { try DeviceCatalog.backend(for: id) }
    guard case .openCL = id, info.kind == .cpu else { return [device] }
    let forced = TestDevice(name: candidate.name + "/gpu-form") {
      try OpenCLBackend(device: id, form: .gpu)
    }
    return [device, forced]
  }

  public static let all: [TestDevice] =
    list("DRR_TEST_DEVICES").map { requests in
      present.filter { device in requests.contains { device.matches($0) } }
    } ?? present

  /// Names in either variable that no device under test answers to.
  public static var missing: [String] {
    ["DRR_TEST_DEVICES", "DRR_REQUIRE_DEVICES"].flatMap { list($0) ?? [] }.filter { request in
      !all.contains { $0.matches(request) }
    }
  }

  private static func list(_ variable: String) -> [String]? {
    ProcessInfo.processInfo.environment[variable].map {
      $0.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    }
  }
}
