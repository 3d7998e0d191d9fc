import Tensor
import TestSupport
import Testing

@Suite struct CandidatesTests {
  private let rows: [Int32] = [7, 1, -1, 8, 0, 2]

  @Test("a column of rows", arguments: TestDevices.withReference)
  func column(_ device: TestDevice) throws {
    let rows = IndexTensor(rows, shape: [2, 3], on: try device.make())
    for (column, expected) in [[7, 8], [1, 0], [-1, 2]].enumerated() {
      let y = rows.column(column)
      #expect(try y.host() == expected.map { Int32($0) })
      #expect(y.shape == [2])
    }
  }

  /// Scores 3·1 − 1·2 and 0; 2·5 + 4·6 and 2·0 + 4·1. An even choice expects the mean.
  @Test("scores and what they expect", arguments: TestDevices.withReference)
  func scores(_ device: TestDevice) throws {
    let backend = try device.make()
    let scores = Tensor([3, -1, 2, 4] as [Float], shape: [2, 2], on: backend).candidateScores(
      IndexTensor(rows, shape: [2, 3], on: backend), first: 1,
      items: Tensor([5, 6, 1, 2, 0, 1] as [Float], shape: [3, 2], on: backend))
    #expect(scores.shape == [2, 2])
    #expect(try scores.host() == [1, 0, 34, 4])
    let expectation = Tensor(repeating: 5, shape: [2, 2], on: backend).softmaxExpectation(
      of: scores, temperature: 0.1)
    #expect(expectation.shape == [2])
    #expect(try expectation.host() == [0.5, 19])
  }

  /// One launch forward and one back for each op, and no wait.
  @Test("two launches an op", arguments: TestDevices.all)
  func launches(_ device: TestDevice) throws {
    let backend = try device.make()
    let leaves = Leaves([([2, 2], [3, -1, 2, 4])], on: backend)
    let indices = IndexTensor(rows, shape: [2, 3], on: backend)
    let items = Tensor([5, 6, 1, 2, 0, 1] as [Float], shape: [3, 2], on: backend)
    func counters(_ body: (Tensor) -> Tensor) -> Counters {
      let tape = Tape(training: leaves.set)
      let x = leaves(tape)[0]
      let before = backend.counters
      tape.backward(from: body(x))
      return backend.counters - before
    }
    _ = counters { $0.sum() }
    let base = counters { $0.sum() }
    let scored = counters { $0.candidateScores(indices, first: 1, items: items).sum() } - base
    #expect(scored.launches == 2 && scored.writes == 0 && scored.syncs == 0)
    let chosen =
      counters {
        $0.candidateScores(indices, first: 1, items: items)
          .softmaxExpectation(of: $0.detached, temperature: 1).sum()
      } - base
    #expect(chosen.launches == 4 && chosen.writes == 0 && chosen.syncs == 0)
  }

  @Test("shapes that do not fit are named", arguments: TensorMisuse.allCases)
  fileprivate func misuse(_ misuse: TensorMisuse) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [misuse] in misuse.call() }
    let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(message.contains(misuse.rawValue), "\(message)")
  }
}

/// Calls that do not fit, by the reason that each is to give.
private enum TensorMisuse: String, CaseIterable, Codable {
  case width = "candidateScores: actions [2, 3], rows [2, 3] from 1, items [3, 2]"
  case batch = "candidateScores: actions [3, 2], rows [2, 3] from 1, items [3, 2]"
  case first = "candidateScores: actions [2, 2], rows [2, 3] from 3, items [3, 2]"
  case values = "softmaxExpectation: scores [3, 2], values [2, 3]"
  case column = "columns: columns -1..<0 of rows [2, 3]"

  func call() {
    let backend = ReferenceBackend()
    func zeros(_ shape: Shape) -> Tensor { Tensor(repeating: 0, shape: shape, on: backend) }
    let rows = IndexTensor([0, 1, 2, 0, 1, 2], shape: [2, 3], on: backend)
    let items = zeros([3, 2])
    switch self {
    case .width: _ = zeros([2, 3]).candidateScores(rows, first: 1, items: items)
    case .batch: _ = zeros([3, 2]).candidateScores(rows, first: 1, items: items)
    case .first: _ = zeros([2, 2]).candidateScores(rows, first: 3, items: items)
    case .values: _ = items.softmaxExpectation(of: zeros([2, 3]), temperature: 1)
    case .column: _ = rows.column(-1)
    }
  }
}
