internal import COpenCL

/// Host memory that the driver reads from while the caller goes on. Two halves: entering one
/// waits for the last write that was made from it.
final class StagingRing {
  static let halfBytes = 2 << 20

  private let api: copencl_api
  private let memory: cl_mem
  private let start: UnsafeMutableRawPointer
  private var half = 0
  private var used = 0
  /// The last write from each half.
  private var last: [cl_event?] = [nil, nil]

  init(_ context: OpenCLContext, _ queue: cl_command_queue) throws(BackendError) {
    api = context.api
    var status: cl_int = 0
    let flags = cl_mem_flags(CL_MEM_ALLOC_HOST_PTR | CL_MEM_READ_WRITE)
    let bytes = 2 * Self.halfBytes
    guard let memory = api.clCreateBuffer(context.handle, flags, bytes, nil, &status),
      status == CL_SUCCESS
    else { throw .outOfMemory(bytes: bytes, device: context.info.name) }
    let mapped = api.clEnqueueMapBuffer(
      queue, memory, cl_bool(CL_TRUE), cl_map_flags(CL_MAP_WRITE), 0, bytes, 0, nil, nil, &status)
    guard let mapped, status == CL_SUCCESS else {
      _ = api.clReleaseMemObject(memory)
      throw .openCL("clEnqueueMapBuffer", status)
    }
    self.memory = memory
    start = mapped
  }

  /// The queue must have finished.
  func release(_ queue: cl_command_queue) {
    for case let event? in last { _ = api.clReleaseEvent(event) }
    _ = api.clEnqueueUnmapMemObject(queue, memory, start, 0, nil, nil)
    _ = api.clFinish(queue)
    _ = api.clReleaseMemObject(memory)
  }

  /// Room for `bytes`, at most a half, that no write under way reads.
  func room(_ bytes: Int) throws(BackendError) -> UnsafeMutableRawPointer {
    if used + bytes > Self.halfBytes {
      half = 1 - half
      used = 0
      if last[half] != nil {
        let status = api.clWaitForEvents(1, &last[half])
        _ = api.clReleaseEvent(last[half])
        last[half] = nil
        if status != CL_SUCCESS { throw .openCL("clWaitForEvents", status) }
      }
    }
    defer { used += (bytes + 63) / 64 * 64 }
    return start + half * Self.halfBytes + used
  }

  /// `event` is of the write from the room that was handed out last.
  func record(_ event: cl_event?) {
    if let old = last[half] { _ = api.clReleaseEvent(old) }
    last[half] = event
  }
}

extension OpenCLBackend {
  public func write<Scalar>(_ host: UnsafeBufferPointer<Scalar>, to view: View<Scalar>) {
    require(
      host.count == view.count, "write: \(host.count) elements to a view of \(view.count)")
    guard failure == nil, let start = host.baseAddress, view.count > 0,
      let target = memory(view)
    else { return }
    let bytes = view.count * 4
    do throws(BackendError) {
      if bytes > StagingRing.halfBytes {
        let status = context.api.clEnqueueWriteBuffer(
          queue, target, cl_bool(CL_TRUE), view.offset * 4, bytes, start, 0, nil, nil)
        if status != CL_SUCCESS { throw .openCL("clEnqueueWriteBuffer", status) }
      } else {
        try stage(start, bytes, to: target, at: view.offset * 4)
      }
      counted.writes += 1
      enqueued()
    } catch { keep(error) }
  }

  private func stage(
    _ source: UnsafeRawPointer, _ bytes: Int, to target: cl_mem, at offset: Int
  ) throws(BackendError) {
    let ring: StagingRing
    if let staging {
      ring = staging
    } else {
      ring = try StagingRing(context, queue)
      staging = ring
    }
    let room = try ring.room(bytes)
    room.copyMemory(from: source, byteCount: bytes)
    var event: cl_event?
    let status = context.api.clEnqueueWriteBuffer(
      queue, target, cl_bool(CL_FALSE), offset, bytes, room, 0, nil, &event)
    if status != CL_SUCCESS { throw .openCL("clEnqueueWriteBuffer", status) }
    ring.record(event)
  }

  public func read<Scalar>(
    _ view: View<Scalar>, into host: UnsafeMutableBufferPointer<Scalar>
  ) throws(BackendError) {
    require(
      host.count == view.count, "read: a view of \(view.count) into \(host.count) elements")
    counted.syncs += 1
    try throwFailure()
    guard view.count > 0, let start = host.baseAddress, let source = memory(view) else { return }
    check(
      "clEnqueueReadBuffer",
      context.api.clEnqueueReadBuffer(
        queue, source, cl_bool(CL_TRUE), view.offset * 4, view.count * 4, start, 0, nil, nil))
    try throwFailure()
  }

  public func startRead<Scalar>(_ view: View<Scalar>) -> PendingRead<Scalar> {
    counted.syncs += 1
    var event: cl_event?
    return PendingRead(count: view.count) { host in
      guard failure == nil, view.count > 0, let source = memory(view) else { return }
      let status = context.api.clEnqueueReadBuffer(
        queue, source, cl_bool(CL_FALSE), view.offset * 4, view.count * 4, host.baseAddress, 0,
        nil, &event)
      if check("clEnqueueReadBuffer", status) { check("clFlush", context.api.clFlush(queue)) }
    } finish: { [self] in
      var isOver = true
      if event != nil {
        if !check("clWaitForEvents", context.api.clWaitForEvents(1, &event)) {
          isOver = context.api.clFinish(queue) == CL_SUCCESS
        }
        _ = context.api.clReleaseEvent(event)
      }
      defer { failure = nil }
      return (failure, isOver)
    }
  }

  // The element-wise copies that the driver does itself.

  public func copy(_ x: Floats, into y: Floats) {
    expect("copy", "x", x, y.count)
    guard failure == nil, y.count > 0, let source = memory(x), let target = memory(y) else {
      return
    }
    let status = context.api.clEnqueueCopyBuffer(
      queue, source, target, x.offset * 4, y.offset * 4, y.count * 4, 0, nil, nil)
    guard check("clEnqueueCopyBuffer", status) else { return }
    counted.launches += 1
    enqueued()
  }

  public func fill(_ value: Float, into y: Floats) {
    guard failure == nil, y.count > 0, let target = memory(y) else { return }
    var value = value
    let status = context.api.clEnqueueFillBuffer(
      queue, target, &value, 4, y.offset * 4, y.count * 4, 0, nil, nil)
    guard check("clEnqueueFillBuffer", status) else { return }
    counted.launches += 1
    enqueued()
  }
}
