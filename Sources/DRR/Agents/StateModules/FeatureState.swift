import Tensor

/// What is seen is numbers, and the state is the same numbers: a replay's rows hold their bits.
public struct FeatureState: StateModule {
  public let width: Int

  /// States of `width` numbers.
  public init(width: Int) { self.width = width }

  public var rowWidth: Int { width }

  public func callAsFunction(_ rows: IndexTensor, _ tape: Tape?) -> Tensor {
    rows.numbers
  }

  /// The row of a state.
  public static func row(_ features: some Sequence<Float>) -> [Int32] {
    features.map { Int32(bitPattern: $0.bitPattern) }
  }
}

extension IndexTensor {
  /// The numbers whose bits these are, where they lie.
  var numbers: Tensor {
    Tensor(
      view: Floats(view.buffer, offset: view.offset, count: view.count), shape: shape, on: backend)
  }
}
