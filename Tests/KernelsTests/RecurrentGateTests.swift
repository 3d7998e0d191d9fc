import Foundation
import Kernels
import Testing

/// The gates of the host against Double, in units of the last place.
@Suite struct RecurrentGateTests {
  /// Gates that are given before activation: the input goes through a unit matrix to them.
  private func gates(
    _ cell: RecurrentCell, _ values: [Float], bias: [Float]? = nil, units: Int
  ) throws -> [Float] {
    let backend = CPUBackend()
    func floats(_ values: [Float]) -> Floats {
      let view = Floats(backend.allocate(values.count))
      backend.write(values, to: view)
      return view
    }
    func zeros(_ count: Int) -> Floats { floats(Array(repeating: 0, count: count)) }
    let n = cell.gates * units
    let layout = RecurrentLayout(
      cell, batch: values.count / n, steps: 1, inputs: n, units: units)
    let unit = (0..<n * n).map { Float($0 % (n + 1) == 0 ? 1 : 0) }
    let trace = zeros(layout.traceCount)
    backend.recurrent(
      layout, floats(values), lengths: nil, initial: nil,
      RecurrentWeights(
        input: floats(unit), hidden: zeros(units * n), inputBias: bias.map(floats) ?? zeros(n),
        hiddenBias: zeros(n)),
      into: zeros(layout.rows * units), last: zeros(layout.batch * layout.stateWidth),
      trace: trace)
    return try backend.read(trace[0..<layout.rows * n])
  }

  /// Every column of 18 units meets the whole sample, so that whole and masked vectors do.
  @Test(arguments: RecurrentCell.allCases)
  func areWithinTheirBound(_ cell: RecurrentCell) throws {
    let units = 18
    let n = cell.gates * units
    let sample = (-1_000...1_000).map { step in
      let t = Float(step) / 1_000
      return 85 * t * t * t + 0.01 * t
    }
    let values = sample.flatMap { Array(repeating: $0, count: n) }
    let results = try gates(cell, values, units: units)
    var worst = (error: 0.0, column: 0, at: Float(0))
    for (i, result) in results.enumerated() {
      let x = Double(values[i])
      let exact = i % n / units == 2 ? tanh(x) : 1 / (1 + exp(-x))
      let error = VectorMathTests.error(result, exact)
      if error > worst.error { worst = (error, i % n, values[i]) }
    }
    #expect(worst.error <= 5, "column \(worst.column) at \(worst.at)")
  }

  /// Infinities are the gates' ends, and NaN stays with its unit.
  @Test func extremes() throws {
    let inf = Float.infinity
    let found = try gates(
      .lstm, Array(repeating: 0, count: 8), bias: [-inf, .nan, inf, 0, -inf, 0, inf, 0], units: 2)
    #expect(found[0] < 1e-37 && found[2] == 1 && found[4] == -1 && found[6] == 1)
    #expect(found[1].isNaN && !found[0].isNaN)
  }
}
