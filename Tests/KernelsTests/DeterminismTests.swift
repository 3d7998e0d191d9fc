import Kernels
import TestSupport
import Testing

@Suite struct DeterminismTests {
  /// The same call gives the same bits twice on one backend and on a second one of the device.
  @Test(arguments: TestDevices.all, OpName.allCases)
  func repeatsToTheBit(_ device: TestDevice, _ op: OpName) throws {
    let backend = try device.make()
    let second = try device.make()
    for row in op.cases {
      let first = OpRun(row, on: backend)
      let repeats = [OpRun(row, on: backend), OpRun(row, on: second)]
      for operand in row.operands where operand.role != .input {
        let words = try first.words(operand)
        for (run, place) in zip(repeats, ["the same", "another"]) {
          #expect(
            try run.words(operand) == words, "\(row), \(operand.name) on \(place) backend")
        }
      }
    }
  }
}
