internal import CZlib
import Platform

/// CRC-32 (ISO-HDLC, zlib's), which finds every change within 32 adjacent bits.
package struct Checksum: Equatable {
  package private(set) var value: UInt32 = 0

  package init() {}

  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress else { return }
    let pointer = base.assumingMemoryBound(to: UInt8.self)
    value = UInt32(truncatingIfNeeded: crc32_z(uLong(value), pointer, bytes.count))
  }

  package mutating func update(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { update($0) }
  }

  /// Of some bytes, as ``text`` has it.
  package static func text(of bytes: [UInt8]) -> String {
    var checksum = Checksum()
    checksum.update(bytes)
    return checksum.text
  }

  /// Eight lower-case hexadecimal digits.
  package var text: String {
    String(value, radix: 16, digits: 8)
  }
}
