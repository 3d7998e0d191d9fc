internal import CLoops
internal import COpenBLAS

/// Calls `body` once for each of `0 ..< count`, on all cores; where there is no room for their
/// threads, on fewer.
package func onAllCores(_ count: Int, _ body: @Sendable (Int) -> Void) {
  withoutActuallyEscaping(body) { body in
    withUnsafePointer(to: body) { pointer in
      in_parts(
        host_core_count(), Int64(count),
        { $0!.assumingMemoryBound(to: (@Sendable (Int) -> Void).self).pointee(Int($1)) }, pointer)
    }
  }
}
