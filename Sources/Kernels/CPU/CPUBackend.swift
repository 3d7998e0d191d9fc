internal import CLoops
import Platform

/// The host's processor. Work is done when a call returns.
///
/// A matrix product whose operands stay in cache runs in register tiles of AVX-512, AVX2 or NEON;
/// others are OpenBLAS's where it is found at run time, built-in loops otherwise. A product of 30
/// MFLOP or more is split into tiles that all cores share, as scoring a large catalogue is;
/// everything else runs on the caller's thread. Where work is split follows from its shape alone,
/// and OpenBLAS runs on one thread: the bits are the same on any number of threads.
public final class CPUBackend: Backend {
  public let device = CPUBackend.info
  let memory = CPUMemory()
  let blas = OpenBLAS.library
  private var counted = Counters()
  /// Stays: what was to be computed after it is missing.
  private var failure: BackendError?

  /// A backend whose memory and work are its own. Without OpenBLAS, products are computed by loops.
  public init() {}

  /// What the host is called.
  public static var info: DeviceInfo { .host }

  /// Which OpenBLAS runs and on which of its cores, or why there is none and what to install.
  ///
  /// The first use of the CPU opens the library and may set the environment for that moment:
  /// a program with threads that read it had better ask for this first.
  public static var openBLAS: String { OpenBLAS.description }

  /// Chooses the core of OpenBLAS (`Haswell`, `SkylakeX`, …) before it is opened. `auto` leaves it
  /// to the library, whatever OPENBLAS_CORETYPE says; nil leaves that variable as it is.
  ///
  /// To be called before any other use of the CPU. Throws `noDevice` with a sentence for an unknown
  /// core, one that this processor cannot run, and when OpenBLAS runs already.
  public static func configure(blasCore: String?) throws(BackendError) {
    if let blasCore { try OpenBLAS.configure(core: blasCore) }
  }

  public var counters: Counters {
    var counters = counted
    counters.freshBuffers = memory.freshCount
    return counters
  }

  public func allocate(_ count: Int) -> Buffer {
    require(count >= 0, "allocate: \(count) elements")
    let buffer = CPUBuffer(count: count, memory: memory)
    if buffer.start == nil, failure == nil {
      let bytes = count.multipliedReportingOverflow(by: 4)
      failure = .outOfMemory(
        bytes: bytes.overflow ? .max : bytes.partialValue, device: device.name)
    }
    return buffer
  }

  public func write<Scalar>(_ host: UnsafeBufferPointer<Scalar>, to view: View<Scalar>) {
    counted.writes += 1
    guard failure == nil else { return }
    let target = pointer(view, host.count, "write", "the view")
    if let source = host.baseAddress { memcpy(target, source, host.count * 4) }
  }

  public func read<Scalar>(
    _ view: View<Scalar>, into host: UnsafeMutableBufferPointer<Scalar>
  ) throws(BackendError) {
    counted.syncs += 1
    if let failure { throw failure }
    let source = pointer(view, host.count, "read", "the view")
    if let target = host.baseAddress { memcpy(target, source, host.count * 4) }
  }

  public func synchronize() throws(BackendError) {
    counted.syncs += 1
    if let failure { throw failure }
  }

  /// Counts an op; false where it must not run for want of memory.
  func begin() -> Bool {
    counted.launches += 1
    return failure == nil
  }

  /// The elements of a view, whose number must be `count`.
  func pointer<Scalar>(
    _ view: View<Scalar>, _ count: Int, _ op: StaticString, _ name: StaticString
  ) -> UnsafeMutablePointer<Scalar> {
    require(view.count == count, "\(op): \(name) has \(view.count) elements, expected \(count)")
    guard let buffer = view.buffer as? CPUBuffer, buffer.memory === memory, let start = buffer.start
    else { fatalError("\(op): \(name) lives on another device") }
    return (start + view.offset * 4).bindMemory(to: Scalar.self, capacity: count)
  }

  /// The elements of a table of `width` columns and its number of rows.
  func table<Scalar>(
    _ view: View<Scalar>, width: Int, _ op: StaticString, _ name: StaticString
  ) -> (start: UnsafeMutablePointer<Scalar>, rows: Int) {
    require(
      width > 0 && view.count % width == 0,
      "\(op): \(name) has \(view.count) elements, expected rows of \(width)")
    return (pointer(view, view.count, op, name), view.count / width)
  }

  /// Memory that lives as long as `body`.
  func withScratch(_ count: Int, _ body: (UnsafeMutablePointer<Float>) -> Void) {
    let buffer = allocate(count)
    guard failure == nil else { return }
    body(pointer(Floats(buffer), count, "scratch", "it"))
    withExtendedLifetime(buffer) {}
  }
}

/// Runs `body` with subnormal numbers taken for 0.
@inline(__always)
func flushingSubnormals(_ body: () -> Void) {
  let before = host_flush_subnormals()
  body()
  host_restore_subnormals(before)
}
