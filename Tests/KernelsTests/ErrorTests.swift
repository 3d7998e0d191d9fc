import Foundation
import Kernels
import TestSupport
import Testing

@Suite struct ErrorTests {
  /// Memory that no machine has: nothing traps, and the next read says what was short.
  @Test(arguments: TestDevices.all)
  func shortMemoryIsThrownByTheNextRead(_ device: TestDevice) throws {
    let backend = try device.make()
    let small = Floats(backend.allocate(4))
    backend.fill(1, into: small)
    let huge = Floats(backend.allocate(1 << 44))
    backend.fill(1, into: huge)
    backend.accumulate(huge[0..<4], scale: 1, into: small)
    let error = #expect(throws: BackendError.self) { try backend.read(small) }
    guard case .outOfMemory(let bytes, let name, _) = error else {
      Issue.record("expected outOfMemory, got \(String(describing: error))")
      return
    }
    #expect(bytes >= 1 << 46)
    #expect(name == backend.device.name)
  }

  @Test(arguments: TestDevices.all)
  func synchronizeThrowsToo(_ device: TestDevice) throws {
    let backend = try device.make()
    backend.fill(1, into: Floats(backend.allocate(1 << 44)))
    #expect(throws: BackendError.self) { try backend.synchronize() }
  }

  /// Devices that are not there, each named in its error.
  @Test func unknownDevicesAreNamed() {
    let absent: [(DeviceID, String)] = [
      (.openCL(platform: 99, index: 0), "opencl:99:0"), (.custom("reference"), "reference"),
    ]
    let hasOpenCL = TestDevices.present.contains { $0.matches("opencl") }
    for (id, name) in absent {
      let error = #expect(throws: BackendError.self) { _ = try DeviceCatalog.backend(for: id) }
      guard case .noDevice(let why) = error else {
        Issue.record("\(id): \(String(describing: error))")
        continue
      }
      #expect(why.contains(name) || (!hasOpenCL && why.contains("OpenCL")), "\(why)")
    }
  }

  /// A request that nothing fits is answered by what there is.
  @Test func unknownRequestsListTheDevices() throws {
    let error = #expect(throws: BackendError.self) {
      try DeviceCatalog.resolve(.openCL(platform: 99, index: 1))
    }
    guard case .noDevice(let why) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    if TestDevices.present.contains(where: { $0.matches("opencl") }) {
      #expect(why.contains("opencl:99:1") && why.contains("cpu"), "\(why)")
    } else {
      #expect(why.contains("OpenCL"), "\(why)")
    }
  }

  @Test func requestsAreRead() {
    let expected: [(String, DeviceRequest?)] = [
      ("auto", .auto), ("cpu", .cpu), ("opencl", .openCL(platform: nil, index: nil)),
      ("opencl:1", .openCL(platform: 1, index: nil)),
      ("opencl:1:2", .openCL(platform: 1, index: 2)), ("", nil), ("gpu", nil), ("cpu:0", nil),
      ("auto:1", nil), ("opencl:", nil), ("opencl:x", nil), ("opencl:-1", nil),
      ("opencl:0:0:0", nil), ("opencl::1", nil), ("OpenCL", nil), (" cpu", nil),
      ("opencl:99999999999999999999", nil),
    ]
    for (text, request) in expected { #expect(DeviceRequest(text) == request, "'\(text)'") }
  }

  @Test func errorsAreSentences() {
    let expected: [(BackendError, String)] = [
      (.noDevice("there is no such device"), "there is no such device"),
      (
        .build(program: "linear", device: "Some GPU", log: "line 3: unknown type"),
        "the kernels of linear do not build on Some GPU:\nline 3: unknown type"
      ),
      (
        .outOfMemory(bytes: 4096, device: "Some GPU"),
        "Some GPU has no room for another 4096 bytes"
      ),
      (
        .outOfMemory(bytes: 4096, device: "Some GPU", limit: 1024),
        "Some GPU has no room for another 4096 bytes: it allows 1024 in one buffer"
      ),
      (
        .driver(call: "clFinish", code: -5, name: "CL_OUT_OF_RESOURCES", kernel: nil),
        "clFinish returned -5 (CL_OUT_OF_RESOURCES)"
      ),
      (
        .driver(call: "clFinish", code: -5, name: "CL_OUT_OF_RESOURCES", kernel: "adam"),
        "clFinish returned -5 (CL_OUT_OF_RESOURCES) while running adam"
      ),
    ]
    for (error, text) in expected { #expect(error.description == text) }
  }

  /// A kernel file with a mistake, in a process of its own since programs are shared: the compiler's
  /// log reaches the reader of the next result.
  @Test(arguments: TestDevices.all.filter { $0.matches("opencl") }.map(\.name))
  func buildErrorsCarryTheLog(_ name: String) async {
    await #expect(processExitsWith: .success) { [name] in
      let folder = TemporaryFolder()
      for program in ["common", "elementwise"] {
        let text = program == "common" ? "" : "__kernel void map_forward() { mistaken_name = 1; }"
        try folder.write(program + ".cl", text)
      }
      setenv("DRR_KERNEL_PATH", folder.path, 1)
      let backend = try TestDevices.present.first { $0.name == name }!.make()
      let view = Floats(backend.allocate(3))
      backend.fill(1, into: view)
      backend.map(.exp, view, into: view)
      let error = #expect(throws: BackendError.self) { try backend.read(view) }
      guard case .build("elementwise", backend.device.name, let log) = error else {
        fatalError("expected a build error, got \(String(describing: error))")
      }
      #expect(log.contains("mistaken_name"), "\(log)")
      withExtendedLifetime(folder) {}
    }
  }

  /// Misuse stops the program with the op and the sizes.
  @Test(arguments: TestDevices.all.map(\.name))
  func misuseTrapsWithItsReason(_ name: String) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [name] in
      let backend = try TestDevices.present.first { $0.name == name }!.make()
      let view = Floats(backend.allocate(6))
      backend.linear(view, view, nil, .identity, m: 2, k: 3, n: 7, into: view)
    }
    let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(message.contains("linear: w has 6 elements"), "\(message)")
  }
}
