import DRRCore
import Kernels
import Testing

@Suite("What trainings take of memory, side by side") struct MemoryNeedTests {
  private static func device(_ kind: DeviceInfo.Kind, gigabytes: UInt64 = 0) -> DeviceInfo {
    DeviceInfo(
      id: .cpu, kind: kind, name: "the device", driver: "", memoryBytes: gigabytes * 1_000_000_000,
      computeUnits: 1)
  }

  /// A gigabyte on the host, and two where is computed, given in numbers of four bytes.
  private static var need: MemoryNeed {
    var need = MemoryNeed()
    need.add("the vectors", host: 0.25e9, device: 0.2e9, lower: "--dimension", 8)
    need.add("the networks", device: 0.3e9, lower: "--hidden", 16)
    return need
  }

  @Test("as many runs as the machine has room for, and one where it has none") func host() {
    func fitting(_ most: Int, free: UInt64, sharers: Int = 1) -> (count: Int, reason: String?) {
      Self.need.fitting(
        most, on: Self.device(.cpu), sharers: sharers, hostFree: free * 1_000_000_000)
    }
    // Three gigabytes each, since the device is the host.
    #expect(fitting(4, free: 12) == (4, nil))
    let fewer = fitting(8, free: 11)
    #expect(
      fewer == (
        3,
        "3 runs at a time, not 8: each takes at least 3.0 GB of memory, and 11.0 GB are free on "
          + "this machine"
      ))
    let shared = fitting(8, free: 11, sharers: 2)
    #expect(shared.count == 1 && shared.reason?.hasPrefix("1 run at a time, not 8: ") == true)
    #expect(fitting(8, free: 1).count == 1)
    #expect(fitting(1, free: 1) == (1, nil) && fitting(0, free: 1) == (0, nil))
    #expect(fitting(1_000, free: UInt64.max / 1_000_000_000) == (1_000, nil))
    let nothing = MemoryNeed().fitting(64, on: Self.device(.cpu), hostFree: 0)
    #expect(nothing == (64, nil))
  }

  @Test("as many as the device has room for, where that is less") func device() {
    func fitting(_ free: UInt64, device: UInt64) -> (count: Int, reason: String?) {
      Self.need.fitting(
        8, on: Self.device(.gpu, gigabytes: device), hostFree: free * 1_000_000_000)
    }
    // A gigabyte each on the host, and two on the device.
    #expect(fitting(8, device: 16) == (8, nil))
    #expect(fitting(6, device: 16).count == 6)
    let fewer = fitting(6, device: 5)
    #expect(fewer.count == 2)
    #expect(
      fewer.reason
        == "2 runs at a time, not 8: each takes at least 2.0 GB of memory, and 5.0 GB are free on "
        + "the device")
  }
}
