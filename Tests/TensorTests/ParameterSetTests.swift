import Tensor
import TestSupport
import Testing

@Suite struct ParameterSetTests {
  @Test("parameters start at multiples of 16 and do not overlap")
  func alignment() {
    let backend = ReferenceBackend()
    let set = ParameterSet(on: backend, seed: 1, stream: 1)
    let shapes: [Shape] = [[1], [16], [17], [3, 5], [2, 8], [1, 1], [33]]
    for (number, shape) in shapes.enumerated() {
      let parameter = set.add("p\(number)", shape, .constant(Float(number + 1)))
      #expect(parameter.owner === set)
    }
    var end = 0
    for (number, parameter) in set.parameters.enumerated() {
      let view = parameter.values
      #expect(view.offset % 16 == 0 && view.offset >= end && view.count == shapes[number].count)
      #expect(parameter.gradients.offset == view.offset)
      #expect(backend.readDouble(view) == .init(repeating: Double(number + 1), count: view.count))
      end = view.offset + view.count
    }
    #expect(set.count % 16 == 0 && set.count >= end && set.values.count == set.count)
    #expect(backend.readDouble(set.gradients).allSatisfy { $0 == 0 })
    // What lies between parameters is 0, so that norms of the whole are those of the parts.
    let total = backend.readDouble(set.values).reduce(0, +)
    #expect(total == shapes.enumerated().reduce(0) { $0 + Double(($1.0 + 1) * $1.1.count) })
  }

  @Test("follow moves by tau of the way", arguments: TestDevices.withReference)
  func follow(_ device: TestDevice) throws {
    let backend = try device.make()
    let (a, b) = (
      ParameterSet(on: backend, seed: 1, stream: 1), ParameterSet(on: backend, seed: 2, stream: 1)
    )
    for set in [a, b] { _ = MLP("m", [5, 7, 3], in: set) }
    let (start, source) = (try backend.read(a.values), try backend.read(b.values))
    a.follow(b, tau: 0)
    #expect(try backend.read(a.values) == start)
    a.follow(b, tau: 0.25)
    let moved = try backend.doubles(a.values)
    let expected = zip(start, source).map { 0.75 * Double($0) + 0.25 * Double($1) }
    #expect(relativeError(moved, expected) < 1e-6)
    a.follow(b, tau: 1)
    #expect(try backend.read(a.values) == source)
    #expect(try backend.read(b.values) == source)
  }

  @Test("initializers keep to their range", arguments: TestDevices.all)
  func initializers(_ device: TestDevice) throws {
    let backend = try device.make()
    let set = ParameterSet(on: backend, seed: 11, stream: 4)
    let (inputs, outputs) = (40, 60)
    let initializers: [(String, Initializer)] = [
      ("zeros", .zeros), ("constant", .constant(-0.25)),
      ("uniform", .uniform(low: -0.003, high: 0.001)), ("normal", .normal(deviation: 0.05)),
      ("glorot", .glorotUniform), ("he", .heUniform),
    ]
    for (name, initializer) in initializers {
      _ = set.add(name, [inputs, outputs], initializer)
    }
    func values(_ name: String) throws -> [Double] {
      try backend.doubles(set.named(name).values)
    }
    #expect(try values("zeros").allSatisfy { $0 == 0 })
    #expect(try values("constant").allSatisfy { $0 == -0.25 })
    let count = Double(inputs * outputs)
    let bounds = [
      "uniform": (-0.003, 0.001), "glorot": (-(6.0 / 100).squareRoot(), (6.0 / 100).squareRoot()),
      "he": (-(6.0 / 40).squareRoot(), (6.0 / 40).squareRoot()),
    ]
    for (name, (low, high)) in bounds {
      let drawn = try values(name)
      #expect(drawn.min()! >= low - 1e-7 && drawn.max()! <= high + 1e-7)
      // 2,400 uniform draws come within 1 % of both ends, and their mean within 5 deviations.
      #expect(drawn.min()! < low + 0.01 * (high - low) && drawn.max()! > high - 0.01 * (high - low))
      let deviation = (high - low) / 12.0.squareRoot() / count.squareRoot()
      #expect(abs(drawn.reduce(0, +) / count - (low + high) / 2) < 5 * deviation)
    }
    let normal = try values("normal")
    let variance = normal.reduce(0) { $0 + $1 * $1 } / count
    #expect(abs(normal.reduce(0, +) / count) < 5 * 0.05 / count.squareRoot())
    #expect(abs(variance / 0.0025 - 1) < 5 * (2 / count).squareRoot())
  }

  @Test("one seed gives the same bits on every device, another seed others")
  func seeds() throws {
    func draw(_ device: TestDevice, seed: UInt64, stream: UInt64) throws -> [Float] {
      let backend = try device.make()
      let set = ParameterSet(on: backend, seed: seed, stream: stream)
      _ = MLP("m", [6, 9, 2], in: set)
      _ = Embedding("e", rows: 5, width: 3, .normal(deviation: 1), in: set)
      return try backend.read(set.values)
    }
    let first = try draw(TestDevices.reference, seed: 8, stream: 2)
    for device in TestDevices.all {
      #expect(try draw(device, seed: 8, stream: 2) == first, "\(device)")
    }
    #expect(try draw(TestDevices.reference, seed: 9, stream: 2) != first)
    #expect(try draw(TestDevices.reference, seed: 8, stream: 3) != first)
  }
}
