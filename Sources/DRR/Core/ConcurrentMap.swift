import Tensor

/// What `body` makes of `0 ..< count`, in order, on all cores.
package func concurrentMap<Result: Sendable>(
  _ count: Int, _ body: @Sendable (Int) -> Result
) -> [Result] {
  Array(unsafeUninitializedCapacity: count) { buffer, initialized in
    nonisolated(unsafe) let results = buffer
    onAllCores(count) { index in results.initializeElement(at: index, to: body(index)) }
    initialized = count
  }
}
