import Kernels
import TestSupport
import Testing

@Suite struct ForwardTests {
  /// Every output of every row against the float64 reference, within the row's bound.
  @Test(arguments: TestDevices.all, OpName.allCases)
  func matchesReference(_ device: TestDevice, _ op: OpName) throws {
    let backend = try device.make()
    for row in op.cases {
      let actual = OpRun(row, on: backend)
      let expected = OpRun(row, on: ReferenceBackend())
      for operand in row.operands where operand.role != .input {
        let violation = row.bound(of: operand).violation(
          try actual.values(operand), try expected.values(operand))
        if let violation { Issue.record("\(row), \(operand.name): \(violation)") }
      }
    }
  }
}
