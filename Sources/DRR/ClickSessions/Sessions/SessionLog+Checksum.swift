internal import CZlib
import Platform

extension SessionLog {
  /// CRC-32 of clicks, rewards, lists and ends: of a log that no file holds.
  func contentChecksum() -> String {
    var crc: UInt = 0
    func add<Element>(_ values: [Element]) {
      values.withUnsafeBytes { bytes in
        guard let base = bytes.baseAddress else { return }
        crc = crc32_z(crc, base.assumingMemoryBound(to: UInt8.self), bytes.count)
      }
    }
    add(offsets.map(Int64.init))
    add(clicks)
    add(rewards)
    add(listOffsets.map(Int64.init))
    add(shown)
    add(ended.map { UInt8($0 ? 1 : 0) })
    return String(crc, radix: 16, digits: 8)
  }
}
