/// Which values a stored array may have. A checksum says that a file is what a program wrote, not
/// that a training could have written it: whatever is read back is held against its range before
/// anything is made of it.
public struct Expected<Element: TensorElement>: Sendable {
  /// As errors say it: "0 ..< 1682".
  let range: String
  let admits: @Sendable (Element) -> Bool

  /// - Parameter range: what errors say is expected.
  public init(_ range: String, _ admits: @escaping @Sendable (Element) -> Bool) {
    (self.range, self.admits) = (range, admits)
  }
}

extension Expected where Element: FixedWidthInteger {
  /// Of random bits and of bytes of text, which may be anything.
  public static var anything: Self { Self("anything") { _ in true } }
  /// How often something happened: from 0 to where sums and products of such numbers still fit.
  public static var count: Self { .in(0...Element(clamping: 1 << 48)) }
  /// 1 for yes and 0 for no.
  public static var flag: Self { .in(0...1) }

  /// Of both ends and between them.
  public static func `in`(_ range: ClosedRange<Element>) -> Self {
    Self("\(range.lowerBound) ... \(range.upperBound)") { range ~= $0 }
  }

  /// Rows of a table of so many.
  public static func below(_ count: Int) -> Self { .rows(count, orNone: false) }
  /// Rows of a table of so many, or −1, which stands for none.
  public static func belowOrNone(_ count: Int) -> Self { .rows(count, orNone: true) }

  private static func rows(_ count: Int, orNone: Bool) -> Self {
    let (first, end) = (orNone ? -1 : 0, Element(clamping: count))
    return Self("\(first) ..< \(count)") { $0 < end && ($0 >= 0 || orNone && $0 == -1) }
  }
}

extension Expected where Element == Int32 {
  /// The bits of a Float32 that is neither NaN nor infinite.
  public static var finiteBits: Self {
    Self("the bits of a finite number") { Float(bitPattern: UInt32(bitPattern: $0)).isFinite }
  }
}

extension Expected where Element: BinaryFloatingPoint {
  /// Neither NaN nor infinite.
  public static var finite: Self { Self("a finite number") { $0.isFinite } }
  /// Finite and above 0.
  public static var positive: Self { Self("a finite number above 0") { $0 > 0 && $0.isFinite } }
  /// Finite and not below 0.
  public static var notNegative: Self {
    Self("a finite number, 0 or more") { $0 >= 0 && $0.isFinite }
  }

  /// Of both ends and between them.
  public static func `in`(_ range: ClosedRange<Element>) -> Self {
    Self("\(range.lowerBound) ... \(range.upperBound)") { range ~= $0 }
  }

  /// Or −∞, which stands for none.
  public var orNone: Self {
    Self("\(range), or -inf") { [admits] in $0 == -.infinity || admits($0) }
  }
}

extension SafetensorsFile {
  /// The values in C order, each of which is as expected.
  ///
  /// - Throws: `CheckpointError` as ``values(_:as:shape:)`` does, and where a value is not as
  ///   expected.
  public func values<Element: TensorElement>(
    _ name: String, _ expected: Expected<Element>, shape: [Int]? = nil
  ) throws(CheckpointError) -> [Element] {
    let found = try values(name, as: Element.self, shape: shape)
    for (place, value) in found.enumerated() where !expected.admits(value) {
      throw wrong(name, place, value, expected.range)
    }
    return found
  }

  /// Float32 numbers.
  public func floats(
    _ name: String, _ expected: Expected<Float> = .finite, shape: [Int]? = nil
  ) throws(CheckpointError) -> [Float] { try values(name, expected, shape: shape) }

  /// Float32 numbers of some rows of a table; nil: of all.
  package func floats(
    _ name: String, _ expected: Expected<Float> = .finite, shape: [Int], rows: Range<Int>?
  ) throws(CheckpointError) -> [Float] {
    guard let rows else { return try floats(name, expected, shape: shape) }
    let found = try values(name, as: Float.self, shape: shape, rows: rows)
    let first = rows.lowerBound * shape.dropFirst().reduce(1, *)
    for (place, value) in found.enumerated() where !expected.admits(value) {
      throw wrong(name, first + place, value, expected.range)
    }
    return found
  }

  /// Float64 numbers.
  public func doubles(
    _ name: String, _ expected: Expected<Double> = .finite, shape: [Int]? = nil
  ) throws(CheckpointError) -> [Double] { try values(name, expected, shape: shape) }

  /// Int32 numbers.
  public func int32s(
    _ name: String, _ expected: Expected<Int32>, shape: [Int]? = nil
  ) throws(CheckpointError) -> [Int32] { try values(name, expected, shape: shape) }

  /// Int64 numbers, as integers of this machine.
  public func integers(
    _ name: String, _ expected: Expected<Int64>, shape: [Int]? = nil
  ) throws(CheckpointError) -> [Int] { try values(name, expected, shape: shape).map { Int($0) } }

  /// The only number of an Int64 array.
  public func integer(
    _ name: String, _ expected: Expected<Int64>
  ) throws(CheckpointError) -> Int { try integers(name, expected, shape: [1])[0] }

  /// Numbers in rows as wide as there are `columns`, column c in `columns[c]`.
  public func rows<Element: TensorElement>(
    _ name: String, _ columns: [Expected<Element>], count: Int? = nil
  ) throws(CheckpointError) -> [Element] {
    let found = try values(
      name, as: Element.self,
      shape: [count ?? entry(name)?.shape.first ?? 0, columns.count])
    for (place, value) in found.enumerated() {
      let column = columns[place % columns.count]
      guard column.admits(value) else { throw wrong(name, place, value, column.range) }
    }
    return found
  }

  /// Lists of Int32 numbers one after another, whose lengths are another array.
  public func lists(
    _ name: String, _ expected: Expected<Int32>, lengths: String, count: Int? = nil
  ) throws(CheckpointError) -> [[Int32]] {
    let all = try int32s(name, expected)
    let counts = try integers(
      lengths, .in(0...Int64(all.count)), shape: count.map { [$0] })
    try requireSum(of: counts, lengths, is: all.count)
    var left = all[...]
    return counts.map { count in
      defer { left = left.dropFirst(count) }
      return Array(left.prefix(count))
    }
  }

  /// - Throws: `CheckpointError` where lengths, none of them above `total`, do not add up to it.
  public func requireSum(
    of lengths: [Int], _ name: String, is total: Int
  ) throws(CheckpointError) {
    var sum = 0
    for length in lengths where sum <= total { sum += length }
    try require(sum == total, name, "adds up to \(sum)", "\(total)")
  }

  /// - Throws: `CheckpointError` where an array has values that do not go together.
  public func require(
    _ holds: Bool, _ name: String, _ found: @autoclosure () -> String,
    _ expected: @autoclosure () -> String
  ) throws(CheckpointError) {
    if holds { return }
    throw CheckpointError.unusable(
      path: path, tensor: name, found: found(), expected: expected(), remedy: remedy)
  }

  private func wrong<Element: TensorElement>(
    _ name: String, _ place: Int, _ value: Element, _ expected: String
  ) -> CheckpointError {
    let count = entry(name)?.shape.reduce(1, *) ?? 1
    return .unusable(
      path: path, tensor: name,
      found: "is \(value)" + (count == 1 ? "" : " at place \(place) of \(count)"),
      expected: expected, remedy: remedy)
  }
}
