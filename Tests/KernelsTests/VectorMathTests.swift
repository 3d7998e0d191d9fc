import CLoops
import Foundation
import Kernels
import Testing

/// exp, log, tanh and sigmoid of the host against Double, in units of the last place.
@Suite struct VectorMathTests {
  /// Every 997th bit pattern of the finite numbers of both signs, subnormal ones included, and the
  /// neighbours of the places where the forms change.
  static let sample: [Float] = {
    var sample = stride(from: UInt32(0), to: 0x7f80_0000, by: 997).flatMap {
      [Float(bitPattern: $0), -Float(bitPattern: $0)]
    }
    // Dense where the functions do something.
    sample += (-120_000...120_000).map { Float($0) * 0.001 + 0.00037 }
    for edge: Float in [
      0.625, 1, 0.70710678, 1.4142135, 2, 87.33655, 88.72283, 103.97208, 104, 0.34657359,
      .leastNormalMagnitude, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 9.010913,
    ] {
      for value in [edge.nextDown, edge, edge.nextUp] where value.isFinite {
        sample += [value, -value]
      }
    }
    return sample
  }()

  static func apply(_ op: UnaryOp, _ values: [Float]) throws -> [Float] {
    let backend = CPUBackend()
    let x = Floats(backend.allocate(values.count))
    let y = Floats(backend.allocate(values.count))
    backend.write(values, to: x)
    backend.map(op, x, into: y)
    return try backend.read(y)
  }

  /// The distance in steps of Float at the exact value.
  static func error(_ value: Float, _ exact: Double) -> Double {
    let rounded = Float(exact)
    if !rounded.isFinite || !value.isFinite {
      return value == rounded || value.isNaN && rounded.isNaN ? 0 : .infinity
    }
    let step = Double(max(rounded.ulp, .leastNonzeroMagnitude))
    return abs(Double(value) - exact) / step
  }

  @Test(arguments: [
    (UnaryOp.exp, 1.0), (.log, 1.0), (.tanh, 1.5), (.sigmoid, 2.5),
  ])
  func isWithinItsBound(op: UnaryOp, bound: Double) throws {
    let results = try Self.apply(op, Self.sample)
    var worst = 0.0
    var place: Float = 0
    for (x, y) in zip(Self.sample, results) {
      let x64 = Double(x)
      let exact =
        switch op {
        case .exp: Foundation.exp(x64)
        case .log: Foundation.log(x64)
        case .tanh: Foundation.tanh(x64)
        default:
          x64 < 0 ? Foundation.exp(x64) / (1 + Foundation.exp(x64)) : 1 / (1 + Foundation.exp(-x64))
        }
      let error = Self.error(y, exact)
      if error > worst { (worst, place) = (error, x) }
    }
    #expect(worst <= bound, "\(op) is off by \(worst) units of the last place at \(place)")
  }

  @Test func edgesAreThoseOfTheStandard() throws {
    let inf = Float.infinity
    #expect(try Self.apply(.exp, [inf, -inf, 0, -0.0, 89, -104]) == [inf, 0, 1, 1, inf, 0])
    #expect(try Self.apply(.log, [inf, 0, -0.0, 1]) == [inf, -inf, -inf, 0])
    #expect(try Self.apply(.tanh, [inf, -inf, 0, 100, -100]) == [1, -1, 0, 1, -1])
    #expect(try Self.apply(.sigmoid, [inf, -inf, 0, 200, -200]) == [1, 0, 0.5, 1, 0])
    for op in [UnaryOp.exp, .log, .tanh, .sigmoid] {
      #expect(try Self.apply(op, [.nan])[0].isNaN)
    }
    #expect(try Self.apply(.log, [-1, -inf, -.leastNonzeroMagnitude]).allSatisfy(\.isNaN))
  }

  /// The loop over full vectors and the one over what is left give the same bits.
  @Test(arguments: [UnaryOp.exp, .log, .tanh, .sigmoid])
  func aResultDoesNotDependOnItsPlace(op: UnaryOp) throws {
    let values = (0..<200).map { Float($0) * 0.037 + 0.01 }
    let whole = try Self.apply(op, values)
    for start in [1, 7, 100, 199] {
      let part = try Self.apply(op, Array(values[start...]))
      #expect(part.map(\.bitPattern) == whole[start...].map(\.bitPattern))
    }
  }

  @Test(arguments: [-1, -0.4, 0, 0.37, 0.6, 1] as [Float])
  func powersAreWithinTheirBound(_ power: Float) {
    let bases = Self.sample.filter { $0.sign == .plus } + [.infinity, .nan]
    var results = [Float](repeating: 0, count: bases.count)
    host_power(bases, power, &results, Int64(bases.count))
    var worst = 0.0
    var place: Float = 0
    for (x, y) in zip(bases, results) {
      let error = Self.error(y, Foundation.pow(Double(x), Double(power)))
      if error > worst { (worst, place) = (error, x) }
    }
    #expect(worst <= 0.6, "the power \(power) is off by \(worst) units at \(place)")
  }
}
