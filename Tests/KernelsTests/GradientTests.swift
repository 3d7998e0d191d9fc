import Kernels
import TestSupport
import Testing

@Suite struct GradientTests {
  /// A device's backward op against central differences of the reference's forward op.
  @Test(arguments: TestDevices.all, OpName.allCases)
  func matchesDifferences(_ device: TestDevice, _ op: OpName) throws {
    let backend = try device.make()
    for row in op.cases { try check(row, on: backend, limit: 1e-4) }
  }

  /// The reference's own backward ops, where no rounding hides a slip.
  @Test(arguments: OpName.allCases)
  func referenceMatchesDifferences(_ op: OpName) throws {
    for row in op.cases { try check(row, on: ReferenceBackend(), limit: 1e-7) }
  }

  /// Every op that has a backward twin is checked through it in some row.
  @Test func everyBackwardOpIsChecked() {
    let backwardOps = OpName.allCases.filter { $0.rawValue.hasSuffix("Backward") }
    #expect(backwardOps.count == 15)
    for backward in backwardOps {
      let forward = OpName(rawValue: String(backward.rawValue.dropLast("Backward".count)))
      let isChecked = forward?.cases.contains {
        if case .backward = $0.gradient { true } else { false }
      }
      #expect(isChecked == true, "\(backward)")
    }
  }

  private func check(_ row: OpCase, on backend: any Backend, limit: Double) throws {
    guard case .backward(let output, let names, let call) = row.gradient else { return }
    var generator = SeededGenerator(0xD1FF)
    let outputCount = row.operands.first { $0.name == output }!.count
    let outputSlope = generator.floats(outputCount)

    var run = OpRun(row, on: backend)
    run.add(.input("d" + output, outputSlope))
    var slopes: [(operand: Operand, initial: [Float])] = []
    for wrt in names {
      let count = row.operands.first { $0.name == wrt.name }!.count
      let initial =
        wrt.isAccumulated ? generator.floats(count) : [Float](repeating: .nan, count: count)
      let operand = Operand(
        name: "d" + wrt.name, role: wrt.isAccumulated ? .update : .output,
        values: .floats(initial))
      run.add(operand)
      slopes.append((operand, wrt.isAccumulated ? initial : initial.map { _ in 0 }))
    }
    call(backend, run.arguments)

    for (wrt, slope) in zip(names, slopes) {
      let count = slope.operand.count
      let coordinates =
        count <= 24
        ? Array(0..<count) : (0..<24).map { _ in Int.random(in: 0..<count, using: &generator) }
      let numeric = try numericSlopes(
        row, output: output, outputSlope, of: wrt.name, coordinates)
      let actual = try run.values(slope.operand)
      let squares = numeric.reduce(0) { $0 + $1 * $1 }
      let typical = (squares / Double(numeric.count)).squareRoot()
      for (i, slopeThere) in zip(coordinates, numeric) {
        let expected = slopeThere + Double(slope.initial[i])
        let error = abs(actual[i] - expected) / max(abs(expected), typical, 1e-3)
        #expect(
          error <= limit,
          "\(row), \(slope.operand.name)[\(i)] is \(actual[i]), differences give \(expected)")
      }
    }
    #expect(try run.damage() == [], "\(row), backward")
  }

  /// Derivatives of Σ dy ∘ y by the elements `coordinates` of operand `name`.
  private func numericSlopes(
    _ row: OpCase, output: String, _ outputSlope: [Float], of name: String, _ coordinates: [Int]
  ) throws -> [Double] {
    let reference = ReferenceBackend()
    let run = OpRun(row.operands, on: reference)
    guard case .floats(let point) = row.operands.first(where: { $0.name == name })!.values else {
      fatalError("\(row): \(name) is not differentiable")
    }
    return FiniteDifference.gradient(at: point.map(Double.init), coordinates: coordinates) {
      reference.writeDouble($0, to: run.arguments[name])
      row.call(reference, run.arguments)
      let y = reference.readDouble(run.arguments[output])
      return zip(y, outputSlope).reduce(0) { $0 + $1.0 * Double($1.1) }
    }
  }
}
