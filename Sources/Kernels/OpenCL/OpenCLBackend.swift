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
  private var kernels: [[[KernelObject]]]
  /// Trims of the memory when the objects' arguments were last forgotten.
  private var trims = 0
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
    kernels = Array(
      repeating: Array(repeating: [], count: KernelID.allCases.count), count: tiles.count)
    memory = OpenCLMemory(context: context, queue: queue)
  }

  deinit {
    _ = context.api.clFinish(queue)
    staging?.release(queue)
    for object in kernels.joined().joined() { _ = context.api.clReleaseKernel(object.handle) }
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

  /// Gives memory that nothing uses back to the device.
  package func trim() { memory.trim() }

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

  /// `count` elements, by blocks in the CPU form, for each of `rows` rows, whose work-groups follow
  /// one another.
  func launch(
    _ kernel: KernelID, elements count: Int, rows: Int = 1, _ arguments: KernelArgument...
  ) {
    let local = form.elementItems
    let across = (count + local * form.block - 1) / (local * form.block)
    launch(kernel, across * rows * local, local, arguments)
  }

  func launch(_ kernel: KernelID, groups count: Int, _ arguments: KernelArgument...) {
    launch(kernel, groups: count, arguments)
  }

  func launch(
    _ kernel: KernelID, groups count: Int, tile: Int = 0, _ arguments: [KernelArgument]
  ) {
    launch(kernel, count * form.groupItems, form.groupItems, arguments, tile: tile)
  }

  /// Matrix products in tiles[tile].
  func launchProduct(
    _ kernel: KernelID, tile: Int, groups count: Int, _ arguments: [KernelArgument]
  ) {
    let items = tiles[tile].items(isCPU: form.isCPU)
    launch(kernel, count * items, items, arguments, tile: tile)
  }

  private func launch(
    _ id: KernelID, _ global: Int, _ local: Int, _ arguments: [KernelArgument], tile: Int = 0
  ) {
    guard failure == nil, global > 0, let object = object(id, tile: tile, arguments) else { return }
    set(arguments, of: object, id)
    guard failure == nil else { return }
    var (global, local) = (global, local)
    let status = context.api.clEnqueueNDRangeKernel(
      queue, object.handle, 1, nil, &global, &local, 0, nil, nil)
    guard check("clEnqueueNDRangeKernel", status, kernel: id) else {
      object.arguments = []
      return
    }
    counted.launches += 1
    object.lastLaunch = counted.launches
    enqueued()
  }

  /// Sets what the object does not have.
  private func set(_ arguments: [KernelArgument], of object: KernelObject, _ id: KernelID) {
    let known = object.arguments
    var index: cl_uint = 0
    func set<Value>(_ value: Value) {
      let status = withUnsafePointer(to: value) {
        context.api.clSetKernelArg(object.handle, index, MemoryLayout<Value>.size, $0)
      }
      check("clSetKernelArg", status, kernel: id)
      counted.arguments += 1
      index += 1
    }
    for (number, argument) in arguments.enumerated() {
      if number < known.count, argument == known[number] {
        index += argument.count
        continue
      }
      switch argument {
      case .memory(let memory, let offset):
        set(memory)
        set(offset)
      case .int(let value): set(value)
      case .vector(let value): set(value)
      case .words(let value):
        set((UInt32(truncatingIfNeeded: value), UInt32(truncatingIfNeeded: value >> 32)))
      }
    }
    object.arguments = failure == nil ? arguments : []
  }

  /// The object that was last launched on the same memory; else a new one, or where there are many
  /// the one that waited longest.
  private func object(
    _ id: KernelID, tile: Int, _ arguments: [KernelArgument]
  ) -> KernelObject? {
    if trims != memory.trims {
      trims = memory.trims
      for object in kernels.joined().joined() { object.arguments = [] }
    }
    let place = KernelObject.place(arguments)
    let objects = kernels[tile][id.rawValue]
    if let known = objects.first(where: { $0.place == place }) { return known }
    if objects.count == KernelObject.most {
      let oldest = objects.min { $0.lastLaunch < $1.lastLaunch }!
      oldest.place = place
      return oldest
    }
    var form = form
    form.tile = tiles[tile]
    do throws(BackendError) {
      let object = KernelObject(handle: try context.makeKernel(id, form))
      object.place = place
      kernels[tile][id.rawValue].append(object)
      return object
    } catch {
      keep(error)
      return nil
    }
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
