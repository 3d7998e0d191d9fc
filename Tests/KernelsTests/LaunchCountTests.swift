import Kernels
import TestSupport
import Testing

/// What each op costs, to the launch. A row that changes here changes the speed of a small update.
@Suite struct LaunchCountTests {
  /// Launches by OpenCL ops that take other than one. The CPU takes one call for every op.
  private static func openCLLaunches(_ row: OpCase) -> Int {
    switch row.op {
    case .linearBackward:
      (row.shape.contains("dx") ? 1 : 0)
        + (row.shape.contains("dw") || row.shape.contains("db") ? 1 : 0)
    case .mlpBackward: row.shape.contains("gradients") ? 2 : 1
    case .recurrent: 2
    case .recurrentBackward:
      2 + (row.shape.contains("dx") ? 1 : 0) + (row.shape.contains("gradients") ? 2 : 0)
    case .softmaxCrossEntropy: 2
    case .scoreTopK: 2
    default: 1
    }
  }

  /// From the second call on, an op writes nothing, waits for nothing and allocates nothing.
  @Test(arguments: TestDevices.all, OpName.allCases)
  func areExact(_ device: TestDevice, _ op: OpName) throws {
    let backend = try device.make()
    for row in op.cases {
      let run = OpRun(row, on: backend)
      let before = backend.counters
      row.call(backend, run.arguments)
      let launches = device.name == "cpu" ? 1 : Self.openCLLaunches(row)
      #expect(backend.counters - before == Counters(launches: launches), "\(row)")
    }
  }
}
