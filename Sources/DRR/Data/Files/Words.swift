/// Bytes compared and hashed eight at a time.
package enum Words {
  private static let lastFactor: UInt64 = 0xe703_7ed1_a0b4_28db

  /// Of all bytes; a number that no file shows.
  @inline(__always)
  package static func hash(_ text: Bytes) -> UInt64 {
    // Words mixed by the halves of products with odd numbers of no pattern, as in wyhash.
    var hash = UInt64(truncatingIfNeeded: text.count) &* 0x9e37_79b9_7f4a_7c15
    // Of no bytes there may be no address.
    guard let first = text.baseAddress else { return mixed(hash, lastFactor) }
    var at = 0
    while at + 8 < text.count {
      hash = mixed(hash ^ word(first + at), 0xa076_1d64_78bd_642f)
      at += 8
    }
    return mixed(hash ^ last(first, text.count), lastFactor)
  }

  @inline(__always)
  static func equal(_ first: Bytes, _ second: Bytes) -> Bool {
    guard first.count == second.count, let a = first.baseAddress, let b = second.baseAddress else {
      return first.count == second.count
    }
    var at = 0
    while at + 8 < first.count {
      if word(a + at) != word(b + at) { return false }
      at += 8
    }
    return last(a, first.count) == last(b, first.count)
  }

  /// The last eight bytes, or all of fewer.
  @inline(__always)
  private static func last(_ first: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
    if count >= 8 { return word(first + count - 8) }
    if count >= 4 { return half(first) | half(first + count - 4) << 32 }
    if count == 0 { return 0 }
    return UInt64(first[0]) | UInt64(first[count / 2]) << 8 | UInt64(first[count - 1]) << 16
  }

  @inline(__always)
  private static func word(_ first: UnsafePointer<UInt8>) -> UInt64 {
    UnsafeRawPointer(first).loadUnaligned(as: UInt64.self)
  }

  @inline(__always)
  private static func half(_ first: UnsafePointer<UInt8>) -> UInt64 {
    UInt64(UnsafeRawPointer(first).loadUnaligned(as: UInt32.self))
  }

  @inline(__always)
  private static func mixed(_ word: UInt64, _ factor: UInt64) -> UInt64 {
    let product = word.multipliedFullWidth(by: factor)
    return product.high ^ product.low
  }
}
