import Foundation
import TestSupport

/// The checksum by its definition, bit by bit: independent of zlib.
package func referenceCRC(_ bytes: some Sequence<UInt8>) -> UInt32 {
  var crc: UInt32 = 0xffff_ffff
  for byte in bytes {
    crc ^= UInt32(byte)
    for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xedb8_8320 : crc >> 1 }
  }
  return ~crc
}

/// As eight hexadecimal digits.
package func hexadecimal(_ crc: UInt32) -> String { String(format: "%08x", crc) }

extension Data {
  /// One to four bytes or runs of bytes changed, repeated, removed or cut off.
  package func damaged(_ random: inout SeededGenerator) -> Data {
    var data = self
    for _ in 0..<Int.random(in: 1...4, using: &random) where !data.isEmpty {
      let at = Int.random(in: 0..<data.count, using: &random)
      switch Int.random(in: 0..<6, using: &random) {
      case 0: data = data.prefix(at)
      case 1: data[at] = UInt8.random(in: 0...255, using: &random)
      case 2: data[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      case 3: data.insert(contentsOf: data[at...].prefix(7), at: at)
      case 4: data.removeSubrange(at..<Swift.min(data.count, at + 3))
      default:
        let bytes = Array("\"\t:,|\n\r-.9e\0".utf8)
        data[at] = bytes[Int.random(in: 0..<bytes.count, using: &random)]
      }
      data = Data(data)
    }
    return data
  }
}
