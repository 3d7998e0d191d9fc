import Kernels
import TestSupport
import Testing

/// Row numbers that are none: on a device nothing but the kernels stands between them and memory
/// that is another's. (The host stops the program; see `ErrorTests`.)
@Suite struct WrongIndexTests {
  private static let wrong: [Int32] = [
    -1, -2, .min, .max, 1_000_000_000, 1 << 20, 4096, 600, 129,
  ]

  /// Each array of indices of each row of the op table in turn, all of it or every other number,
  /// wrong: nothing outside the outputs is written, and the device goes on to compute what is right.
  @Test(arguments: TestDevices.all.filter { $0.matches("opencl") }, OpName.allCases)
  func touchesNothingElse(_ device: TestDevice, _ op: OpName) throws {
    let backend = try device.make()
    for row in op.cases {
      for (place, operand) in row.operands.enumerated() where operand.role == .input {
        guard case .indices(let right) = operand.values, !right.isEmpty else { continue }
        for step in [1, 2] {
          for wrong in Self.wrong {
            var values = right
            for i in stride(from: 0, to: values.count, by: step) { values[i] = wrong }
            var damaged = row
            damaged.operands[place].values = .indices(values)
            for damage in try OpRun(damaged, on: backend).damage() {
              Issue.record("\(row), \(operand.name) of \(wrong): \(damage)")
            }
          }
        }
      }
      guard row.operands.contains(where: { if case .indices = $0.values { true } else { false } })
      else { continue }
      let found = OpRun(row, on: backend)
      let expected = OpRun(row, on: try device.make())
      for operand in row.operands where operand.role != .input {
        #expect(try found.words(operand) == expected.words(operand), "\(row), \(operand.name)")
      }
    }
  }

  /// What is no row of a table is read as zeros, and as no row where rows hold row numbers.
  @Test(arguments: TestDevices.all.filter { $0.matches("opencl") })
  func whatIsNoRowIsZero(_ device: TestDevice) throws {
    let backend = try device.make()
    func floats(_ values: [Float]) -> Floats {
      let view = Floats(backend.allocate(values.count))
      backend.write(values, to: view)
      return view
    }
    func indices(_ values: [Int32]) -> Indices {
      let view = Indices(backend.allocate(values.count))
      backend.write(values, to: view)
      return view
    }
    let table = floats([1, 2, 3, 4, 5, 6])  // three rows
    let index = indices([2, 3, -1, .max, 0])
    let y = Floats(backend.allocate(10))
    backend.gather(table, index, b: 5, e: 2, into: y)
    #expect(try backend.read(y) == [5, 6, 0, 0, 0, 0, 0, 0, 1, 2])

    let numbers = Indices(backend.allocate(10))
    backend.gather(indices([1, 2, 3, 4, 5, 6]), index, b: 5, e: 2, into: numbers)
    #expect(try backend.read(numbers) == [5, 6, -1, -1, -1, -1, -1, -1, 1, 2])

    // u = row 3 of a table of three, h = rows 1 and 1000 of it: u = 0, mean = ½ row 1.
    let state = Floats(backend.allocate(6))
    backend.averagePooling(
      indices([3, 1, 1000]), users: table, items: table, weights: floats([0.5, 0.5]), b: 1, n: 2,
      e: 2, into: state)
    #expect(try backend.read(state) == [0, 0, 0, 0, 1.5, 2])

    // Attention among the items that there are: all of it on row 1.
    let attention = Floats(backend.allocate(2))
    backend.attentionPooling(
      floats([0.3, 7]), indices([0, 1, 1000]), users: table, items: table, b: 1, n: 2, e: 2,
      into: state, attention: attention)
    #expect(try backend.read(state) == [1, 2, 3, 8, 3, 4])
    #expect(try backend.read(attention) == [1, 0])
  }
}
