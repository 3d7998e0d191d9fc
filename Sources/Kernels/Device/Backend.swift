/// One device with its queue: the op families, memory and the way in and out of it.
///
/// Calls only enqueue, in order; they never block or throw. A driver error is kept and thrown by
/// the next `read` or `synchronize`. Misuse (shapes that do not fit, buffers of another backend)
/// is a programmer error and traps, naming the op and the sizes. Two runs of the same calls on one
/// device give the same bits. Confined to one task, hence not Sendable; backends are cheap.
public protocol Backend:
  LinearKernels, MLPKernels, RecurrentKernels, ElementwiseKernels, ReductionKernels,
  EmbeddingKernels, PoolingKernels, CandidateKernels, LossKernels, OptimizerKernels, RandomKernels,
  SelectionKernels, ReplayKernels,
  SessionKernels, GatingKernels,
  FactorizationKernels
{
  /// What the device is called, and how large it is.
  var device: DeviceInfo { get }
  /// What was asked of the device so far, so that a test can pin it.
  var counters: Counters { get }

  /// `count` elements from the pool, contents undefined.
  func allocate(_ count: Int) -> Buffer
  /// Copies before it returns; the transfer itself is enqueued.
  func write<Scalar>(_ host: UnsafeBufferPointer<Scalar>, to view: View<Scalar>)
  /// Waits for the queue. The only host round trip beside `synchronize`.
  func read<Scalar>(
    _ view: View<Scalar>, into host: UnsafeMutableBufferPointer<Scalar>)
    throws(BackendError)
  /// Waits for all that was enqueued.
  ///
  /// - Throws: the `BackendError` of any call before it.
  func synchronize() throws(BackendError)
  /// Enqueues a read and lets the device begin: work that is enqueued behind it goes on while the
  /// caller waits for these values alone.
  func startRead<Scalar>(_ view: View<Scalar>) -> PendingRead<Scalar>
}

/// Values on their way from the device. Confined to the task that holds the backend.
public final class PendingRead<Scalar: DeviceScalar> {
  private let values: UnsafeMutableBufferPointer<Scalar>
  /// Whether a device that failed may write to the values yet: they are then never freed.
  private var isWritten = false
  /// Waits until the values are there; called once.
  private var finish: (() -> (failure: BackendError?, isOver: Bool))?

  init(
    count: Int, start: (UnsafeMutableBufferPointer<Scalar>) -> Void,
    finish: @escaping () -> (failure: BackendError?, isOver: Bool)
  ) {
    values = .allocate(capacity: count)
    values.initialize(repeating: .zero)
    self.finish = finish
    start(values)
  }

  deinit {
    _ = end()
    if !isWritten { values.deallocate() }
  }

  /// The values, once. Throws what the device failed at before them.
  public func wait() throws(BackendError) -> [Scalar] {
    require(finish != nil, "a read is waited for once")
    if let failure = end() { throw failure }
    return Array(values)
  }

  private func end() -> BackendError? {
    guard let finish else { return nil }
    self.finish = nil
    let (failure, isOver) = finish()
    isWritten = !isOver
    return failure
  }
}

/// Totals since the backend was made.
public struct Counters: Equatable, Sendable {
  /// Kernel launches and device-side copies and fills.
  public var launches = 0
  /// Copies to the device.
  public var writes = 0
  /// Blocking reads and waits.
  public var syncs = 0
  /// Buffers that the pool did not have.
  public var freshBuffers = 0
  /// Arguments of kernels that were set, which a kernel keeps for its next launch; 0 on the CPU.
  public var arguments = 0

  /// Counts by their parts.
  public init(
    launches: Int = 0, writes: Int = 0, syncs: Int = 0, freshBuffers: Int = 0, arguments: Int = 0
  ) {
    self.launches = launches
    self.writes = writes
    self.syncs = syncs
    self.freshBuffers = freshBuffers
    self.arguments = arguments
  }

  /// What was asked between two moments.
  public static func - (a: Counters, b: Counters) -> Counters {
    Counters(
      launches: a.launches - b.launches, writes: a.writes - b.writes, syncs: a.syncs - b.syncs,
      freshBuffers: a.freshBuffers - b.freshBuffers, arguments: a.arguments - b.arguments)
  }
}

extension Backend {
  /// Reads at once, where work is done when a call returns.
  public func startRead<Scalar>(_ view: View<Scalar>) -> PendingRead<Scalar> {
    var failure: BackendError?
    return PendingRead(count: view.count) { host in
      do throws(BackendError) { try read(view, into: host) } catch { failure = error }
    } finish: {
      (failure, isOver: true)
    }
  }

  /// Copies as many values as the view has.
  public func write<Scalar>(_ host: [Scalar], to view: View<Scalar>) {
    host.withUnsafeBufferPointer { write($0, to: view) }
  }

  /// The values of a view, after waiting for the queue.
  ///
  /// - Throws: the `BackendError` of any call before it.
  public func read<Scalar>(_ view: View<Scalar>) throws(BackendError) -> [Scalar] {
    var host = [Scalar](repeating: .zero, count: view.count)
    var failure: BackendError?
    host.withUnsafeMutableBufferPointer { pointer in
      do throws(BackendError) { try read(view, into: pointer) } catch { failure = error }
    }
    if let failure { throw failure }
    return host
  }
}
