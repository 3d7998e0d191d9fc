/// A message in the binary form of protocol buffers, field by field.
package struct ProtocolBuffer: Sendable {
  package private(set) var bytes: [UInt8] = []

  /// - Parameter build: adds the fields.
  package init(_ build: (inout ProtocolBuffer) -> Void) { build(&self) }

  private enum WireType: UInt64 {
    case varint = 0
    case eightBytes = 1
    case counted = 2
    case fourBytes = 5
  }

  /// An integer, a truth or a case of an enumeration.
  package mutating func add(_ field: UInt64, _ number: Int) {
    addKey(field, .varint)
    addVarint(UInt64(bitPattern: Int64(number)))
  }

  package mutating func add(_ field: UInt64, _ number: Double) {
    addKey(field, .eightBytes)
    bytes += littleEndian(number.bitPattern)
  }

  package mutating func add(_ field: UInt64, _ number: Float) {
    addKey(field, .fourBytes)
    bytes += littleEndian(number.bitPattern)
  }

  package mutating func add(_ field: UInt64, _ text: String) {
    add(field, counted: Array(text.utf8))
  }

  package mutating func add(_ field: UInt64, _ message: ProtocolBuffer) {
    add(field, counted: message.bytes)
  }

  /// Numbers one after the other, under one key.
  package mutating func add(_ field: UInt64, packed numbers: [Double]) {
    add(field, counted: numbers.flatMap { littleEndian($0.bitPattern) })
  }

  package mutating func add(_ field: UInt64, counted content: [UInt8]) {
    addKey(field, .counted)
    addVarint(UInt64(content.count))
    bytes += content
  }

  private mutating func addKey(_ field: UInt64, _ type: WireType) {
    addVarint(field << 3 | type.rawValue)
  }

  /// Seven bits a byte, the lowest first; the eighth says that more follow.
  private mutating func addVarint(_ number: UInt64) {
    var rest = number
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7f) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}

/// The bytes of an integer, the lowest first.
package func littleEndian(_ number: some FixedWidthInteger) -> [UInt8] {
  withUnsafeBytes(of: number.littleEndian) { Array($0) }
}
