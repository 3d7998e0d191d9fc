import Kernels
import TestSupport
import Testing

/// What each op costs, to the launch. A row that changes here changes the speed of a small update.
@Suite struct LaunchCountTests {
  /// Launches by OpenCL ops that take other than one. The CPU takes one call for every op.
  private static func openCLLaunches(_ row: OpCase) -> ClosedRange<Int> {
    switch row.op {
    case .mlpBackward: row.shape.contains("gradients") ? 2...2 : 1...1
    case .meanScores, .gatedPartsBackward: 2...2
    case .recurrent: 2...2
    case .recurrentBackward: recurrentBackward(row)...recurrentBackward(row)
    case .softmaxCrossEntropy: 2...2
    // Two where work-groups of the GPU form share a long array.
    case .sum, .squaredNorm: row.shape == "70001" ? 1...2 : 1...1
    // One where a block has the whole catalogue, two where blocks are merged.
    case .scoreTopK: row.shape.contains("n 5003") ? 2...2 : 1...2
    case .topKRows:
      row.shape.contains("n 9001") ? 2...2 : row.shape.contains(/n (1025|2049)/) ? 1...2 : 1...1
    case .factorize: rounds(row)...rounds(row)
    default: 1...1
    }
  }

  private static func recurrentBackward(_ row: OpCase) -> Int {
    let wantsGradients = row.shape.contains("gradients")
    return 2 + (wantsGradients ? 2 : row.shape.contains("dx") ? 1 : 0)
  }

  private static func rounds(_ row: OpCase) -> Int {
    row.operands.first { $0.name == "shifts" }!.count
  }

  /// From the second call on, an op writes nothing, waits for nothing and allocates nothing.
  @Test(arguments: TestDevices.all, OpName.allCases)
  func areExact(_ device: TestDevice, _ op: OpName) throws {
    let backend = try device.make()
    for row in op.cases {
      let run = OpRun(row, on: backend)
      let before = backend.counters
      row.call(backend, run.arguments)
      let asked = backend.counters - before
      let launches = device.name == "cpu" ? 1...1 : Self.openCLLaunches(row)
      let expected = Counters(launches: asked.launches, arguments: asked.arguments)
      #expect(asked == expected, "\(row)")
      #expect(launches.contains(asked.launches), "\(row): \(asked.launches)")
    }
  }
}
