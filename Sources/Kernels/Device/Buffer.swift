/// An element of device memory: four bytes wide on every device.
public protocol DeviceScalar: Sendable, BitwiseCopyable {
  /// 0.
  static var zero: Self { get }
  /// What an op gives for a row or a column that is not there: 0, for row numbers −1.
  static var absent: Self { get }
  /// For a backend that keeps every element as a Double, as the float64 reference does.
  init(element: Double)
  /// The value as a Float64.
  var element: Double { get }
}

extension DeviceScalar {
  public static var absent: Self { .zero }
  /// The four bytes.
  var word: UInt32 { withUnsafeBytes(of: self) { $0.loadUnaligned(as: UInt32.self) } }
}

extension Float: DeviceScalar {
  public init(element: Double) { self = Float(element) }
  public var element: Double { Double(self) }
}
extension Int32: DeviceScalar {
  public static var absent: Int32 { -1 }
  public init(element: Double) { self = Int32(element) }
  public var element: Double { Double(self) }
}
extension UInt32: DeviceScalar {
  public init(element: Double) { self = UInt32(element) }
  public var element: Double { Double(self) }
}

/// A run of four-byte elements in the memory of one backend. Goes back to its pool when freed:
/// the queue is in order, so the next kernel that writes it runs after the last that read it.
/// Confined to the task that holds the backend.
open class Buffer {
  /// Elements of 4 bytes.
  public let count: Int
  /// What backends inherit; memory comes from ``Backend/allocate(_:)``.
  public init(count: Int) { self.count = count }
}

/// `count` contiguous elements of `buffer`, from `offset`.
public struct View<Scalar: DeviceScalar> {
  /// The memory that it is a part of, which it keeps.
  public let buffer: Buffer
  /// Its first element in the buffer.
  public let offset: Int
  /// Its elements.
  public let count: Int

  /// A part of a buffer; all behind `offset` where `count` is nil.
  public init(_ buffer: Buffer, offset: Int = 0, count: Int? = nil) {
    self.buffer = buffer
    self.offset = offset
    self.count = count ?? buffer.count - offset
    require(
      offset >= 0 && self.count >= 0 && offset + self.count <= buffer.count,
      "view: elements \(offset) ..< \(offset + self.count) of a buffer of \(buffer.count)")
  }

  /// The same elements, whatever they mean: to be moved and not computed with.
  var words: Bits { Bits(buffer, offset: offset, count: count) }

  /// Elements `range` of this view.
  public subscript(range: Range<Int>) -> View {
    require(range.upperBound <= count, "view: \(range) of a view of \(count)")
    return View(buffer, offset: offset + range.lowerBound, count: range.count)
  }
}

/// Float32 elements on a device.
public typealias Floats = View<Float>
/// Row numbers of a table. A negative one stands for "no row".
public typealias Indices = View<Int32>
/// Packed yes/no flags: flag `i` of a row is bit `i % 32` of its word `i / 32`.
public typealias Bits = View<UInt32>
