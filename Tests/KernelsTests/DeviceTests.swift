import Foundation
import Kernels
import TestSupport
import Testing

@Suite struct DeviceTests {
  /// Shows what the run covers, and fails it where a device asked for is not there.
  @Test func devicesUnderTest() throws {
    for device in TestDevices.all {
      let info = try device.make().device
      print("under test: \(device.name): \(info.name), \(info.kind), \(info.driver)")
    }
    #expect(!TestDevices.all.isEmpty, "DRR_TEST_DEVICES names no device of this machine")
    #expect(TestDevices.missing.isEmpty, "asked for, but not there")
  }

  /// Every method of the op protocols has its rows: the sources are read, the enum compared.
  @Test func everyOpHasRows() throws {
    let ops = packageRoot.appending(path: "Sources/Kernels/Ops")
    let files = FileManager.default.enumerator(at: ops, includingPropertiesForKeys: nil)
    var methods: Set<String> = []
    for case let file as URL in files! where file.pathExtension == "swift" {
      let family = file.deletingPathExtension().lastPathComponent
      guard family == file.deletingLastPathComponent().lastPathComponent else { continue }
      let text = try String(contentsOf: file, encoding: .utf8)
      let isInProtocol = text.components(separatedBy: "public protocol ").dropFirst()
      methods.formUnion(isInProtocol.joined().matches(of: /func (\w+)/).map { String($0.1) })
    }
    #expect(methods == Set(OpName.allCases.map(\.rawValue)))
    for op in OpName.allCases {
      #expect(!op.cases.isEmpty, "\(op)")
      #expect(op.cases.allSatisfy { $0.op == op }, "\(op)")
    }
  }

  /// Writes are copied before they return: sizes that fill, wrap and exceed any staging memory.
  @Test(arguments: TestDevices.all)
  func writesAreCopied(_ device: TestDevice) throws {
    let backend = try device.make()
    let sizes = [1, 300_000, 7, 500_000, 524_288, 65_536, 1_500_000, 3, 900_000, 131_072]
    let views = (sizes + sizes).map { Floats(backend.allocate($0), count: $0) }
    for (number, view) in views.enumerated() {
      var host = [Float](repeating: Float(number), count: view.count)
      host[view.count - 1] = -Float(number)
      backend.write(host, to: view)
      host.withUnsafeMutableBufferPointer { $0.update(repeating: .nan) }
    }
    for (number, view) in views.enumerated() {
      let found = try backend.read(view)
      #expect(found.dropLast().allSatisfy { $0 == Float(number) }, "write \(number)")
      #expect(found.last == -Float(number), "write \(number)")
    }
  }

  /// Views of one buffer are written and read where they say.
  @Test(arguments: TestDevices.all)
  func readsWhatWasWritten(_ device: TestDevice) throws {
    let backend = try device.make()
    let buffer = backend.allocate(1000)
    backend.write((0..<1000).map { Float($0) }, to: Floats(buffer))
    backend.write([-1, -2, -3], to: Floats(buffer, offset: 501, count: 3))
    #expect(
      try backend.read(Floats(buffer, offset: 499, count: 7)) == [499, 500, -1, -2, -3, 504, 505])
    #expect(try backend.read(Floats(buffer)[990..<993][1..<2]) == [991])
    let indices = Indices(backend.allocate(3))
    backend.write([.max, -1, .min], to: indices)
    #expect(try backend.read(indices) == [.max, -1, .min])
    let bits = Bits(backend.allocate(2))
    backend.write([.max, 0x8000_0001], to: bits)
    #expect(try backend.read(bits) == [.max, 0x8000_0001])
  }

  /// `write` copies before it returns, however large the array.
  @Test(arguments: TestDevices.all)
  func writeCopies(_ device: TestDevice) throws {
    let backend = try device.make()
    for count in [1, 4096, 3_000_001] {
      var host = (0..<count).map { Float($0 % 4099) }
      let view = Floats(backend.allocate(count))
      backend.write(host, to: view)
      host.withUnsafeMutableBufferPointer { $0.update(repeating: -1) }
      let back = try backend.read(view)
      let wrong = back.indices.first { back[$0] != Float($0 % 4099) }
      #expect(wrong == nil, "\(count) elements")
    }
  }

  /// Memory that is freed while its kernels still wait may serve the next ones.
  @Test(arguments: TestDevices.all)
  func freedMemoryIsReusedInOrder(_ device: TestDevice) throws {
    let backend = try device.make()
    let total = Floats(backend.allocate(257))
    backend.fill(0, into: total)
    for i in 1...200 {
      let term = Floats(backend.allocate(257))
      backend.fill(Float(i), into: term)
      backend.accumulate(term, scale: 1, into: total)
    }
    #expect(try backend.read(total) == [Float](repeating: 20100, count: 257))
    #expect(backend.counters.freshBuffers <= 2)
  }

  /// Writes and waits are counted one by one.
  @Test(arguments: TestDevices.all)
  func countsTransfers(_ device: TestDevice) throws {
    let backend = try device.make()
    let view = Floats(backend.allocate(5))
    let before = backend.counters
    backend.write([1, 2, 3, 4, 5], to: view)
    _ = try backend.read(view)
    try backend.synchronize()
    #expect(backend.counters - before == Counters(launches: 0, writes: 1, syncs: 2))
  }

  /// A read that was begun has what was there then, whatever is enqueued behind it.
  @Test(arguments: TestDevices.all)
  func aStartedReadIsOfItsMoment(_ device: TestDevice) throws {
    let backend = try device.make()
    let view = Floats(backend.allocate(100_000))
    backend.fill(1, into: view)
    let before = backend.counters
    let first = backend.startRead(view[10..<20])
    let second = backend.startRead(view[0..<0])
    #expect(try first.wait() == Array(repeating: 1, count: 10))
    #expect(try second.wait() == [])
    #expect((backend.counters - before).syncs == 2)
    for value in 2..<6 {
      let started = backend.startRead(view)
      backend.fill(Float(value), into: view)
      #expect(try started.wait().allSatisfy { $0 == Float(value - 1) })
    }
    _ = backend.startRead(view)  // Dropped without a wait.
    try backend.synchronize()
  }
}
