internal import COpenCL

/// The memory objects of one backend. Buffers keep it alive past the backend.
final class OpenCLMemory {
  let context: OpenCLContext
  let pool = BufferPool<cl_mem>()

  init(context: OpenCLContext) { self.context = context }

  deinit { trim() }

  /// Kernels index by 32 bits, a block past the end.
  private static let mostElements = Int(Int32.max) - 4096

  func take(_ count: Int) throws(BackendError) -> cl_mem {
    guard count <= Self.mostElements else {
      throw .outOfMemory(bytes: count * 4, device: context.info.name)
    }
    return try pool.take(count) { (size) throws(BackendError) in
      if let memory = create(size) { return memory }
      trim()
      if let memory = create(size) { return memory }
      throw .outOfMemory(bytes: size * 4, device: context.info.name)
    }
  }

  func trim() {
    pool.trim { _ = context.api.clReleaseMemObject($0) }
  }

  private func create(_ count: Int) -> cl_mem? {
    var status: cl_int = 0
    let memory = context.api.clCreateBuffer(
      context.handle, cl_mem_flags(CL_MEM_READ_WRITE), count * 4, nil, &status)
    return status == CL_SUCCESS ? memory : nil
  }
}

final class OpenCLBuffer: Buffer {
  let pool: OpenCLMemory
  /// Nil where the device had no room; the failure is then on its way to the next `read`.
  let memory: cl_mem?

  init(count: Int, memory: cl_mem?, pool: OpenCLMemory) {
    self.pool = pool
    self.memory = memory
    super.init(count: count)
  }

  deinit {
    if let memory { pool.pool.give(memory, count: count) }
  }
}
