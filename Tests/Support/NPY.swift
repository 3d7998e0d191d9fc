import Foundation

/// An array of NumPy's .npy format, versions 1 and 2, C order, of '<f8', '<f4', '<i4' or '<i8'.
public struct NPYArray: Sendable {
  public let values: [Double]
  public let shape: [Int]

  public var floats: [Float] { values.map { Float($0) } }
  public var int32s: [Int32] { values.map { Int32($0) } }

  public struct Failure: Error, CustomStringConvertible {
    public let description: String
  }

  public init(contentsOf path: String) throws {
    try self.init(bytes: [UInt8](Data(contentsOf: URL(fileURLWithPath: path))), name: path)
  }

  public init(bytes: [UInt8], name: String) throws {
    guard bytes.count > 12, bytes[..<6] == [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59],
      bytes[6] == 1 || bytes[6] == 2
    else { throw Failure(description: "\(name): not a .npy file of version 1 or 2") }
    let start = bytes[6] == 1 ? 10 : 12
    let length = bytes[8..<start].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard start + length <= bytes.count else {
      throw Failure(description: "\(name): the header has \(length) bytes, more than the file")
    }
    let header = String(decoding: bytes[start..<start + length], as: UTF8.self)
    guard header.contains("'fortran_order': False"),
      let type = Self.field("'descr': '", in: header, until: "'"),
      let extents = Self.field("'shape': (", in: header, until: ")")
    else { throw Failure(description: "\(name): expected an array in C order, found \(header)") }
    shape = extents.split(separator: ",").compactMap {
      Int($0.trimmingCharacters(in: .whitespaces))
    }

    let data = bytes[(start + length)...]
    switch type {
    case "<f8": values = Self.numbers(data, Double.self) { $0 }
    case "<f4": values = Self.numbers(data, Float.self) { Double($0) }
    case "<i4": values = Self.numbers(data, Int32.self) { Double($0) }
    case "<i8": values = Self.numbers(data, Int64.self) { Double($0) }
    default:
      throw Failure(description: "\(name): type \(type), expected <f8, <f4, <i4 or <i8")
    }
    let (width, count) = (type.hasSuffix("8") ? 8 : 4, shape.reduce(1, *))
    guard data.count == width * count else {
      throw Failure(
        description: "\(name): \(data.count) bytes of \(type), expected \(width * count) for "
          + "the shape \(shape)")
    }
  }

  private static func field(_ lead: String, in header: String, until end: String) -> String? {
    guard let start = header.range(of: lead)?.upperBound,
      let stop = header.range(of: end, range: start..<header.endIndex)?.lowerBound
    else { return nil }
    return String(header[start..<stop])
  }

  private static func numbers<Element: BitwiseCopyable>(
    _ data: ArraySlice<UInt8>, _ type: Element.Type, _ convert: (Element) -> Double
  ) -> [Double] {
    data.withUnsafeBytes { bytes in
      (0..<bytes.count / MemoryLayout<Element>.size).map {
        let offset = $0 * MemoryLayout<Element>.size
        return convert(bytes.loadUnaligned(fromByteOffset: offset, as: Element.self))
      }
    }
  }
}
