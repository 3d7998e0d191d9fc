import Tensor

/// What is seen is numbers, and the state is the same numbers: a replay's rows hold their bits.
public struct FeatureState: StateModule {
  public let width: Int

  /// States of `width` numbers.
  public init(width: Int) { self.width = width }

  public var rowWidth: Int { width }

  public func callAsFunction(_ rows: IndexTensor, _ tape: Tape?) -> Tensor {
    let view = rows.view
    return Tensor(
      view: Floats(view.buffer, offset: view.offset, count: view.count), shape: rows.shape,
      on: rows.backend)
  }

  /// The row of a state.
  public static func row(_ features: some Sequence<Float>) -> [Int32] {
    features.map { Int32(bitPattern: $0.bitPattern) }
  }

  /// What an element of a stored row may be.
  package static let element = Expected<Int32>("the bits of a finite number") {
    Float(bitPattern: UInt32(bitPattern: $0)).isFinite
  }
}
