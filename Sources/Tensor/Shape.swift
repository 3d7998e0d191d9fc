/// Up to four extents, inline, so that asking for one is free.
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
  private var extents = SIMD4<Int32>(repeating: 1)
  /// The number of axes, 0 ... 4.
  public private(set) var rank: Int

  /// A shape of at most four extents, each 0 or more.
  public init(_ extents: [Int]) {
    require(extents.count <= 4, "shape: rank \(extents.count) is above 4")
    rank = extents.count
    for (axis, extent) in extents.enumerated() {
      require(
        extent >= 0 && extent <= Int(Int32.max), "shape: extent \(extent) is out of range")
      self.extents[axis] = Int32(extent)
    }
  }

  public init(arrayLiteral elements: Int...) { self.init(elements) }

  /// The extent of an axis, 0 ..< `rank`.
  public subscript(axis: Int) -> Int {
    require(axis < rank, "shape: axis \(axis) of a shape of rank \(rank)")
    return Int(extents[axis])
  }

  /// Number of elements.
  public var count: Int {
    Int(extents[0]) * Int(extents[1]) * Int(extents[2]) * Int(extents[3])
  }

  /// The extents.
  public var array: [Int] { (0..<rank).map { Int(extents[$0]) } }
  public var description: String { "\(array)" }
}
