internal import COpenCL

/// A backend on an OpenCL device: one in-order queue, memory pool and kernel objects of its own.
/// The context and the built programs are shared by all backends of the device.
public final class OpenCLBackend: Backend {
  /// Enqueues after which the driver is told to start, so that a long step is under way before
  /// its last launch.
  private static let flushInterval = 16

  public let device: DeviceInfo
  public var counters: Counters {
    var counters = counted
    counters.freshBuffers = memory.pool.freshCount
    return counters
  }

  let context: OpenCLContext
  let form: FormShape
  /// Sizes of its matrix products; `form` has the first.
  public let tuning: ProductTuning
  /// Those of the tuning, and behind them the one that scores.
  let tiles: [ProductTile]
  let queue: cl_command_queue
  let memory: OpenCLMemory
  var counted = Counters()
  /// The first failed call since the last `read` or `synchronize`; nothing is enqueued after it.
  var failure: BackendError?
  var staging: StagingRing?
  /// By tile of the tuning, then by kernel; those without products have the first tile.
  private var kernels: [[cl_kernel?]]
  private var unflushed = 0

  /// Fails with `noDevice` or `driver`. Programs are built at the first launch that needs them.
  /// Without a `tuning` it is the device's profile (`OpenCLTuning`), else its maker's default.
  public init(
    device id: DeviceID, form: KernelForm = .automatic, tuning: ProductTuning? = nil
  ) throws(BackendError) {
    let context = try OpenCLContext.shared(for: id)
    let isCPU = form == .cpu || (form == .automatic && context.info.kind == .cpu)
    let chosen = tuning ?? OpenCLTuning(context.info, context.traits, isCPU: isCPU).tuning
    require(
      chosen.isValid(isCPU: isCPU, localBytes: context.traits.localBytes),
      "OpenCLBackend: no kernel can be built for \(chosen) on \(context.info.name)")
    var status: cl_int = 0
    guard
      let queue = context.api.clCreateCommandQueue(context.handle, context.device, 0, &status),
      status == CL_SUCCESS
    else { throw .openCL("clCreateCommandQueue", status) }
    self.context = context
    self.queue = queue
    device = context.info
    self.tuning = chosen
    tiles = chosen.tiles + [isCPU ? chosen.tiles[0] : .scoring]
    self.form = FormShape(isCPU: isCPU, tile: chosen.tiles[0])
    kernels = [[cl_kernel?]](
      repeating: [cl_kernel?](repeating: nil, count: KernelID.allCases.count),
      count: tiles.count)
    memory = OpenCLMemory(context: context, queue: queue)
  }

  deinit {
    _ = context.api.clFinish(queue)
    staging?.release(queue)
    for case let kernel? in kernels.joined() { _ = context.api.clReleaseKernel(kernel) }
    _ = context.api.clReleaseCommandQueue(queue)
  }

  public func allocate(_ count: Int) -> Buffer {
    do throws(BackendError) {
      return OpenCLBuffer(count: count, memory: try memory.take(count), pool: memory)
    } catch {
      keep(error)
      return OpenCLBuffer(count: count, memory: nil, pool: memory)
    }
  }

  public func synchronize() throws(BackendError) {
    counted.syncs += 1
    check("clFinish", context.api.clFinish(queue))
    try throwFailure()
  }

  func throwFailure() throws(BackendError) {
    guard let failure else { return }
    self.failure = nil
    throw failure
  }

  func keep(_ error: BackendError) {
    if failure == nil { failure = error }
  }

  /// Keeps the error of a failed call. True where it did not fail.
  @discardableResult
  func check(_ call: StaticString, _ status: cl_int, kernel: KernelID? = nil) -> Bool {
    if status == CL_SUCCESS { return true }
    if status == CL_MEM_OBJECT_ALLOCATION_FAILURE {
      memory.trim()
    }
    keep(.openCL(call, status, kernel: kernel))
    return false
  }

  /// To be called after each enqueue.
  func enqueued() {
    unflushed += 1
    guard unflushed >= Self.flushInterval else { return }
    unflushed = 0
    check("clFlush", context.api.clFlush(queue))
  }

  // MARK: - Launches

  /// `count` elements, by blocks in the CPU form, for each of `rows` rows.
  func launch(
    _ kernel: KernelID, elements count: Int, rows: Int = 1, _ arguments: KernelArgument...
  ) {
    let local = form.elementItems
    let items = (count + form.block - 1) / form.block
    launch(kernel, ((items + local - 1) / local * local, rows), (local, 1), arguments)
  }

  func launch(_ kernel: KernelID, groups count: Int, _ arguments: KernelArgument...) {
    launch(kernel, groups: count, arguments)
  }

  func launch(
    _ kernel: KernelID, groups count: Int, tile: Int = 0, _ arguments: [KernelArgument]
  ) {
    launch(kernel, (count * form.groupItems, 1), (form.groupItems, 1), arguments, tile: tile)
  }

  /// Matrix products in tiles[tile].
  func launchProduct(
    _ kernel: KernelID, tile: Int, groups count: Int, _ arguments: [KernelArgument]
  ) {
    let items = tiles[tile].items(isCPU: form.isCPU)
    launch(kernel, (count * items, 1), (items, 1), arguments, tile: tile)
  }

  private func launch(
    _ id: KernelID, _ global: (Int, Int), _ local: (Int, Int), _ arguments: [KernelArgument],
    tile: Int = 0
  ) {
    guard failure == nil, global.0 > 0, global.1 > 0, let kernel = kernel(id, tile: tile) else {
      return
    }
    var index: cl_uint = 0
    func set<Value>(_ value: Value) {
      let status = withUnsafePointer(to: value) {
        context.api.clSetKernelArg(kernel, index, MemoryLayout<Value>.size, $0)
      }
      check("clSetKernelArg", status, kernel: id)
      index += 1
    }
    for argument in arguments {
      switch argument {
      case .memory(let memory, let offset):
        set(memory)
        set(offset)
      case .int(let value): set(value)
      case .float(let value): set(value)
      case .vector(let value): set(value)
      case .words(let value):
        set((UInt32(truncatingIfNeeded: value), UInt32(truncatingIfNeeded: value >> 32)))
      }
    }
    guard failure == nil else { return }
    let status = withUnsafePointer(to: global) { global in
      withUnsafePointer(to: local) { local in
        global.withMemoryRebound(to: Int.self, capacity: 2) { global in
          local.withMemoryRebound(to: Int.self, capacity: 2) { local in
            context.api.clEnqueueNDRangeKernel(
              queue, kernel, 2, nil, global, local, 0, nil, nil)
          }
        }
      }
    }
    guard check("clEnqueueNDRangeKernel", status, kernel: id) else { return }
    counted.launches += 1
    enqueued()
  }

  private func kernel(_ id: KernelID, tile: Int) -> cl_kernel? {
    if let kernel = kernels[tile][id.rawValue] { return kernel }
    var form = form
    form.tile = tiles[tile]
    do throws(BackendError) {
      kernels[tile][id.rawValue] = try context.makeKernel(id, form)
    } catch { keep(error) }
    return kernels[tile][id.rawValue]
  }

  // MARK: - Views

  /// The memory of a view. Nil where the device had no room for it.
  func memory<Scalar>(_ view: View<Scalar>) -> cl_mem? {
    guard let buffer = view.buffer as? OpenCLBuffer, buffer.pool === memory else {
      fatalError("a view of another backend was given to \(device.id)")
    }
    return buffer.memory
  }

  func argument<Scalar>(_ view: View<Scalar>) -> KernelArgument {
    guard let memory = memory(view) else {
      keep(.outOfMemory(bytes: view.buffer.count * 4, device: device.name))
      return .int(0)
    }
    return .memory(memory, offset: Int32(view.offset))
  }

  /// An absent view is `standIn`, which is at hand anyway, at offset -1.
  func argument<Scalar, Other>(_ view: View<Scalar>?, or standIn: View<Other>) -> KernelArgument {
    if let view { return argument(view) }
    guard case .memory(let memory, _) = argument(standIn) else { return .int(0) }
    return .memory(memory, offset: -1)
  }

  /// Traps where a view has not the a · b · c elements that the op's sizes give it.
  func expect<Scalar>(
    _ op: StaticString, _ name: StaticString, _ view: View<Scalar>, _ a: Int, _ b: Int = 1,
    _ c: Int = 1
  ) {
    require(
      view.count == a * b * c, "\(op): \(name) has \(view.count) elements, needs \(a * b * c)")
  }
}
