import Kernels
import TestSupport
import Testing

@Suite struct CanaryTests {
  /// No op writes outside its outputs' views, nor into an input.
  @Test(arguments: TestDevices.all, OpName.allCases)
  func writesOnlyItsOutputs(_ device: TestDevice, _ op: OpName) throws {
    let backend = try device.make()
    for row in op.cases {
      for damage in try OpRun(row, on: backend).damage() { Issue.record("\(row), \(damage)") }
    }
  }
}
