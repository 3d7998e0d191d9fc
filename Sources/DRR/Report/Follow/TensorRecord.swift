import DRRCore

/// The frame of a record in a TFRecord file: length, its checksum, contents, their checksum.
enum TensorRecord {
  static func framed(_ contents: [UInt8]) -> [UInt8] {
    let length = littleEndian(UInt64(contents.count))
    return length + littleEndian(masked(castagnoliChecksum(length))) + contents
      + littleEndian(masked(castagnoliChecksum(contents)))
  }

  /// A checksum of bytes that hold checksums themselves would be a weak one; so says the format.
  private static func masked(_ checksum: UInt32) -> UInt32 {
    (checksum >> 15 | checksum << 17) &+ 0xa282_ead8
  }
}

/// CRC-32C (Castagnoli), as RFC 3720 has it.
package func castagnoliChecksum(_ bytes: [UInt8]) -> UInt32 {
  ~bytes.reduce(UInt32.max) { sum, byte in
    castagnoliTable[Int(UInt8(truncatingIfNeeded: sum) ^ byte)] ^ sum >> 8
  }
}

/// What each byte adds to the checksum.
private let castagnoliTable: [UInt32] = (0..<256).map { byte in
  (0..<8).reduce(UInt32(byte)) { sum, _ in sum & 1 == 1 ? sum >> 1 ^ 0x82f6_3b78 : sum >> 1 }
}
