import Synchronization
import Tensor

/// Rows that a device has one copy of, for as long as anyone holds it.
final class SharedTable: Sendable {
  /// A copy on one device, both its own only while somebody uses them.
  private struct Copy: @unchecked Sendable {
    weak var backend: (any Backend)?
    weak var buffer: Buffer?
  }

  private let copies = Mutex<[Copy]>([])

  /// - Parameter rows: [count, width], what a copy is made of.
  func table(_ rows: [Float], width: Int, on backend: any Backend) -> Tensor {
    let shape: Shape = [rows.count / width, width]
    let found = copies.withLock { copies in
      copies.removeAll { $0.backend == nil || $0.buffer == nil }
      return copies.first { $0.backend === backend }
    }
    if let buffer = found?.buffer {
      return Tensor(view: Floats(buffer, count: rows.count), shape: shape, on: backend)
    }
    let table = Tensor(rows, shape: shape, on: backend)
    let copy = Copy(backend: backend, buffer: table.view.buffer)
    copies.withLock { $0.append(copy) }
    return table
  }
}

extension PMFModel {
  /// The vectors of the users [U, k] and of the items [N, k] as constants, which all agents of a
  /// device share.
  package func tables(on backend: any Backend) -> (users: Tensor, items: Tensor) {
    (
      userTables.table(userFactors, width: dimension, on: backend),
      itemTables.table(itemFactors, width: dimension, on: backend)
    )
  }
}
