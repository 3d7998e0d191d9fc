import CLoops

/// The host's library at each vector level that the processor has, the highest first.
func librariesByLevel() -> [blas_library] {
  let library = blas_open()!.pointee
  let levels = [4, 3, 1].filter { $0 < library.vector_level }
  return [library]
    + levels.map {
      var lower = library
      lower.vector_level = Int32($0)
      return lower
    }
}
