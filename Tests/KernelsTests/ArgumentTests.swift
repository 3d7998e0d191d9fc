import Kernels
import TestSupport
import Testing

/// What kernels keep from one launch to the next.
@Suite(.enabled(if: TestDevices.all.contains { $0.matches("opencl") }))
struct ArgumentTests {
  private static let devices = TestDevices.all.filter { $0.matches("opencl") }
  /// Ops that ask for no memory of their own, at two shapes each: two networks in turn.
  private static let rows = [OpName.linear, .mlp, .map, .candidateScores, .adam].flatMap {
    $0.cases.prefix(2)
  }

  /// The second call of each row sets nothing, whatever its kernel did in between.
  @Test(arguments: devices) func whatStaysIsNotSetAgain(_ device: TestDevice) throws {
    let backend = try device.make()
    let start = backend.counters
    let runs = Self.rows.map { OpRun($0, on: backend) }
    #expect((backend.counters - start).arguments > 0)
    for _ in 0..<2 {
      let before = backend.counters
      for (row, run) in zip(Self.rows, runs) { row.call(backend, run.arguments) }
      let asked = backend.counters - before
      #expect(asked == Counters(launches: asked.launches))
      #expect(asked.launches > 0)
    }
  }

  /// Memory that was given back may come again under the same handles: all is set anew.
  @Test(arguments: devices) func aTrimForgetsThem(_ device: TestDevice) throws {
    let backend = try #require(device.make() as? OpenCLBackend)
    func results() throws -> [[UInt32]] {
      let runs = Self.rows.map { OpRun($0, on: backend) }
      return try runs.flatMap { run in try run.operands.map(run.words) }
    }
    let expected = try results()
    for _ in 0..<3 {
      backend.trim()
      let before = backend.counters
      #expect(try results() == expected)
      #expect((backend.counters - before).arguments > 0)
    }
  }

  /// More places than a kernel has objects.
  @Test(arguments: devices) func manyPlacesAreKeptApart(_ device: TestDevice) throws {
    let backend = try device.make()
    let views = (0..<40).map { _ in Floats(backend.allocate(3), count: 3) }
    for round in 0..<3 {
      for (number, view) in views.enumerated() {
        backend.fill(1, into: view)
        backend.affine(view, scale: Float(number), shift: Float(round), into: view)
      }
      for (number, view) in views.enumerated() {
        let expected = [Float](repeating: Float(number + round), count: 3)
        #expect(try backend.read(view) == expected)
      }
    }
  }

  @Test(arguments: devices) func zerosOfTwoSignsAreTwoArguments(_ device: TestDevice) throws {
    let backend = try device.make()
    let (x, y) = (Floats(backend.allocate(1)), Floats(backend.allocate(1)))
    backend.fill(-0.0, into: x)
    for shift in [Float(0), -0.0, 0] {
      backend.affine(x, scale: 1, shift: shift, into: y)
      #expect(try backend.read(y)[0].sign == shift.sign)
    }
  }
}
