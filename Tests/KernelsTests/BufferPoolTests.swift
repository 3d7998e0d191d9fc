import Kernels
import Testing

/// The pool, seen through a backend that counts what it had to make.
@Suite struct BufferPoolTests {
  @Test func aFreedBufferServesTheNextOfItsSize() {
    let backend = CPUBackend()
    for _ in 0..<10 { _ = backend.allocate(1000) }
    #expect(backend.counters.freshBuffers == 1)
    _ = backend.allocate(1020)
    #expect(backend.counters.freshBuffers == 1, "1000 and 1020 are of one size class")
    _ = backend.allocate(2000)
    #expect(backend.counters.freshBuffers == 2)
  }

  @Test func buffersInUseAreApart() throws {
    let backend = CPUBackend()
    let buffers = (0..<20).map { _ in Floats(backend.allocate(100)) }
    for (i, buffer) in buffers.enumerated() { backend.fill(Float(i), into: buffer) }
    for (i, buffer) in buffers.enumerated() {
      #expect(try backend.read(buffer) == [Float](repeating: Float(i), count: 100))
    }
    #expect(backend.counters.freshBuffers == 20)
  }

  /// A class holds every count that it is used for, wastes at most a quarter, of what is large a
  /// 64th, and keeps buffers on 64-byte boundaries.
  @Test func sizeClassesHoldTheirCounts() {
    let large = [1 << 24, 1 << 24 + 1, 1 << 25, 123_456_789, 1_280_000_000]
    for count in Array(0...5000) + [65_537, 1_000_000] + large {
      let size = BufferPool<OpaquePointer>.sizeClass(count)
      #expect(size >= count && size % 16 == 0)
      let waste = count > 1 << 24 ? 1.0 / 64 : 0.25
      #expect(count <= 64 || Double(size) <= Double(count) * (1 + waste) + 16)
      #expect(BufferPool<OpaquePointer>.sizeClass(size) == size)
    }
  }

  /// Whatever order they were freed in, the same requests get the same memory.
  @Test func aPoolForgetsTheOrderOfFreeing() {
    let pool = BufferPool<OpaquePointer>()
    var made = 0
    func take() -> OpaquePointer {
      pool.take(100) { _ in
        made += 1
        return OpaquePointer(bitPattern: made)!
      }
    }
    let first = (0..<5).map { _ in take() }
    for order in [[4, 0, 3, 1, 2], [2, 1, 0, 4, 3], [0, 1, 2, 3, 4]] {
      for number in order { pool.give(first[number], count: 100) }
      #expect((0..<5).map { _ in take() } == first)
    }
  }

  @Test func memoryThatIsNotThereIsReportedNotFatal() throws {
    let backend = CPUBackend()
    let x = Floats(backend.allocate(1 << 50))
    backend.fill(1, into: x)
    #expect(throws: BackendError.outOfMemory(bytes: 1 << 52, device: backend.device.name)) {
      try backend.synchronize()
    }
  }

  @Test func countersFollowTheCalls() throws {
    let backend = CPUBackend()
    let x = Floats(backend.allocate(8))
    let before = backend.counters
    backend.write([Float](repeating: 2, count: 8), to: x)
    backend.map(.square, x, into: x)
    backend.fill(1, into: x[0..<4])
    #expect(try backend.read(x) == [1, 1, 1, 1, 4, 4, 4, 4])
    try backend.synchronize()
    #expect(backend.counters - before == Counters(launches: 2, writes: 1, syncs: 2))
  }
}
