/// The element types of the safetensors format, in its order of rising alignment.
public enum TensorType: Int, CaseIterable, Hashable, Sendable {
  /// Eight bits or fewer; numbers behind E and M are those of a float's exponent and mantissa.
  case bool, f4, f6E2M3, f6E3M2, u8, i8, f8E5M2, f8E4M3, f8E8M0, f8E4M3FNUZ, f8E5M2FNUZ
  /// 16, 32 and 64 bits.
  case i16, u16, f16, bf16, i32, u32, f32, c64, f64, i64, u64

  /// As the header spells it, "F32".
  public var name: String {
    switch self {
    case .bool: "BOOL"
    case .f4: "F4"
    case .f6E2M3: "F6_E2M3"
    case .f6E3M2: "F6_E3M2"
    case .u8: "U8"
    case .i8: "I8"
    case .f8E5M2: "F8_E5M2"
    case .f8E4M3: "F8_E4M3"
    case .f8E8M0: "F8_E8M0"
    case .f8E4M3FNUZ: "F8_E4M3FNUZ"
    case .f8E5M2FNUZ: "F8_E5M2FNUZ"
    case .i16: "I16"
    case .u16: "U16"
    case .f16: "F16"
    case .bf16: "BF16"
    case .i32: "I32"
    case .u32: "U32"
    case .f32: "F32"
    case .c64: "C64"
    case .f64: "F64"
    case .i64: "I64"
    case .u64: "U64"
    }
  }

  /// The type that a header spells so; nil where there is none.
  public init?(name: String) {
    guard let found = Self.byName[name] else { return nil }
    self = found
  }

  private static let byName = Dictionary(uniqueKeysWithValues: allCases.map { ($0.name, $0) })

  /// Bits of one element.
  public var bits: Int {
    switch self {
    case .f4: 4
    case .f6E2M3, .f6E3M2: 6
    case .bool, .u8, .i8, .f8E5M2, .f8E4M3, .f8E8M0, .f8E4M3FNUZ, .f8E5M2FNUZ: 8
    case .i16, .u16, .f16, .bf16: 16
    case .i32, .u32, .f32: 32
    case .c64, .f64, .i64, .u64: 64
    }
  }

  /// Bytes of a tensor of this shape; nil when they overflow or do not fill whole bytes.
  func byteCount(of shape: [Int]) -> Int? {
    var count = 1
    for extent in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      if overflow { return nil }
      count = product
    }
    let (total, overflow) = count.multipliedReportingOverflow(by: bits)
    return overflow || total % 8 != 0 ? nil : total / 8
  }
}

/// A Swift type whose array is, byte for byte, a tensor of `tensorType` on a little-endian machine.
public protocol TensorElement: BitwiseCopyable, Sendable {
  /// The type as the format has it.
  static var tensorType: TensorType { get }
}

extension Float: TensorElement {
  public static var tensorType: TensorType { .f32 }
}
extension Double: TensorElement {
  public static var tensorType: TensorType { .f64 }
}
extension UInt8: TensorElement {
  public static var tensorType: TensorType { .u8 }
}
extension Int32: TensorElement {
  public static var tensorType: TensorType { .i32 }
}
extension UInt32: TensorElement {
  public static var tensorType: TensorType { .u32 }
}
extension Int64: TensorElement {
  public static var tensorType: TensorType { .i64 }
}
extension UInt64: TensorElement {
  public static var tensorType: TensorType { .u64 }
}

#if _endian(big)
  #error("safetensors files are read and written in place, which needs a little-endian machine")
#endif
