import Tensor

/// One constant row a state: for environments whose states can be counted.
public struct TableState: StateModule {
  let table: Tensor

  /// `table`: [states, width].
  public init(_ table: Tensor) { self.table = table }

  public var rowWidth: Int { 1 }
  public var width: Int { table.shape[1] }

  public func callAsFunction(_ rows: IndexTensor, _ tape: Tape?) -> Tensor {
    table.detachedRows(at: rows.reshaped([rows.shape.count]))
  }
}
