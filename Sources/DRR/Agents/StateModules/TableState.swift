import Tensor

/// One constant row a state: for environments whose states can be counted.
public struct TableState: StateModule {
  let table: Tensor

  /// `table`: [states, width].
  public init(_ table: Tensor) { self.table = table }

  /// So many states as one-hot vectors.
  package init(oneHot count: Int, on backend: any Backend) {
    var table = [Float](repeating: 0, count: count * count)
    for state in 0..<count { table[state * count + state] = 1 }
    self.init(Tensor(table, shape: [count, count], on: backend))
  }

  public var rowWidth: Int { 1 }
  public var width: Int { table.shape[1] }

  public func callAsFunction(_ rows: IndexTensor, _ tape: Tape?) -> Tensor {
    table.detachedRows(at: rows.reshaped([rows.shape.count]))
  }
}
