/// A message between `drr env` and a program that acts in its worlds: eight bytes, which are the kind
/// and the number of bytes behind them, and then those bytes. All numbers are little-endian; whole
/// numbers have 32 bits, real numbers are float32.
///
/// `drr env` begins with a `hello`, and answers each `reset` and `step` by one `state`, or by
/// `refused`. B environments are seen as W numbers each and take A numbers each; an action space of N
/// actions has masks of N flags.
public struct Frame: Hashable, Sendable {
  /// What a message is.
  public enum Kind: UInt32, Sendable {
    /// From `drr env`, in JSON: `protocol` 1, `program`, `world`, `seed`, `num_envs` (B),
    /// `observation_space`, `action_space`, `masks` (whether states have them) and `autoreset`, which
    /// is `same_step`.
    case hello = 1
    /// From `drr env`: observations [B, W]; rewards [B]; a byte each, 0 or 1: terminated [B],
    /// truncated [B] and, where there are masks, [B, N]; and last observations [ended, W] of the
    /// episodes that ended, in the order of the environments. Where an episode has ended the
    /// observation and the mask are of the next.
    case state = 2
    /// From `drr env`: a sentence in UTF-8 that says what is wrong. Nothing has changed.
    case refused = 3
    /// To `drr env`: 8 bytes, a seed of which all environments begin anew; or none, for the next
    /// episode of each, which of environments that have not stepped yet is the first.
    case reset = 4
    /// To `drr env`: actions [B, A].
    case step = 5
  }

  /// Bytes of the head.
  public static let headBytes = 8

  /// What it is, as it was sent.
  public var kind: UInt32
  /// What it holds.
  public var bytes: [UInt8]

  /// A message of a kind.
  public init(_ kind: Kind, _ bytes: [UInt8]) { (self.kind, self.bytes) = (kind.rawValue, bytes) }

  /// A message of a kind that may be none.
  public init(kind: UInt32, _ bytes: [UInt8]) { (self.kind, self.bytes) = (kind, bytes) }

  /// The head and what is behind it.
  public var encoded: [UInt8] {
    var all: [UInt8] = []
    all.reserveCapacity(Self.headBytes + bytes.count)
    all.append(bits: kind)
    all.append(bits: UInt32(bytes.count))
    return all + bytes
  }
}

extension [UInt8] {
  /// Appends an integer, its lowest byte first.
  mutating func append(bits: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: bits.littleEndian) { append(contentsOf: $0) }
  }

  mutating func append(_ numbers: Numbers) {
    switch numbers {
    case .whole(let numbers): for number in numbers { append(bits: number) }
    case .real(let numbers): for number in numbers { append(bits: number.bitPattern) }
    }
  }

  /// The integer whose lowest byte is at a place.
  package func integer<Integer: FixedWidthInteger>(at place: Int, _ type: Integer.Type) -> Integer {
    withUnsafeBytes {
      Integer(littleEndian: $0.loadUnaligned(fromByteOffset: place, as: Integer.self))
    }
  }
}
