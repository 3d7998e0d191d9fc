internal import COpenCL

/// The memory objects of one backend. Buffers keep it alive past the backend.
final class OpenCLMemory {
  let context: OpenCLContext
  let pool = BufferPool<cl_mem>()
  /// Memory of before a trim may come back under the same handle as other memory.
  private(set) var trims = 0
  /// The backend's, which alone takes memory.
  private let queue: cl_command_queue
  /// Elements that a buffer may have.
  private let most: Int

  init(context: OpenCLContext, queue: cl_command_queue) {
    self.context = context
    self.queue = queue
    // Kernels index by 32 bits, a block past the end.
    most = min(Int(Int32.max) - 4096, context.traits.bufferBytes / 4)
  }

  deinit { trim() }

  func take(_ count: Int) throws(BackendError) -> cl_mem {
    guard count <= most else {
      throw .outOfMemory(bytes: count * 4, device: context.info.name, limit: most * 4)
    }
    return try pool.take(count) { (size) throws(BackendError) in
      let size = min(size, most)
      if let memory = create(size) { return memory }
      trim()
      // What is released is gone when the last command that uses it is.
      _ = context.api.clFinish(queue)
      if let memory = create(size) { return memory }
      throw .outOfMemory(bytes: size * 4, device: context.info.name)
    }
  }

  func trim() {
    trims += 1
    pool.trim { _ = context.api.clReleaseMemObject($0) }
  }

  private func create(_ count: Int) -> cl_mem? {
    let api = context.api
    var status: cl_int = 0
    let memory = api.clCreateBuffer(
      context.handle, cl_mem_flags(CL_MEM_READ_WRITE), count * 4, nil, &status)
    guard status == CL_SUCCESS else { return nil }
    // NVIDIA's driver looks for room at the first use: better here than at a launch.
    guard count >= 1 << 18 else { return memory }
    var zero: Float = 0
    status = api.clEnqueueFillBuffer(queue, memory, &zero, 4, 0, 4, 0, nil, nil)
    let short = [CL_MEM_OBJECT_ALLOCATION_FAILURE, CL_OUT_OF_RESOURCES, CL_OUT_OF_HOST_MEMORY]
    guard short.contains(status) else { return memory }
    _ = api.clReleaseMemObject(memory)
    return nil
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
