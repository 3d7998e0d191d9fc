import Platform

/// The memory of one CPU backend: what its buffers give back is used again, and freed with it.
final class CPUMemory {
  private let pool = BufferPool<UnsafeMutableRawPointer>()
  var freshCount: Int { pool.freshCount }

  /// Memory for `count` elements on a 64-byte boundary; nil where there is none.
  func take(_ count: Int) -> UnsafeMutableRawPointer? {
    guard count <= 1 << 48 else { return nil }
    if let memory = try? pool.take(count, make: Self.make) { return memory }
    pool.trim { free($0) }
    return try? pool.take(count, make: Self.make)
  }

  func give(_ memory: UnsafeMutableRawPointer, count: Int) { pool.give(memory, count: count) }

  deinit { pool.trim { free($0) } }

  private struct Exhausted: Error {}
  private static let most = DeviceInfo.host.memoryBytes > 0 ? DeviceInfo.host.memoryBytes : .max
  private static func make(_ count: Int) throws(Exhausted) -> UnsafeMutableRawPointer {
    // Rows of a large table are met at random: the fewer pages, the fewer look-ups of their places.
    let hugePage = 2 << 20
    let isLarge = count * 4 >= 4 * hugePage
    // More than the machine has is granted all the same, and ends the process where it is touched.
    guard UInt64(count) * 4 <= most, let memory = aligned_alloc(isLarge ? hugePage : 64, count * 4)
    else {
      throw Exhausted()
    }
    if isLarge { madvise(memory, count * 4, MADV_HUGEPAGE) }
    return memory
  }
}

final class CPUBuffer: Buffer {
  let memory: CPUMemory
  /// Nil where memory was short; the backend then runs nothing more and reports that.
  let start: UnsafeMutableRawPointer?

  init(count: Int, memory: CPUMemory) {
    self.memory = memory
    start = memory.take(count)
    super.init(count: count)
  }

  deinit {
    if let start { memory.give(start, count: count) }
  }
}
