import Environments
import Foundation
import Kernels
import SlateQ
import Tensor
import TestSupport
import Testing

@Suite("Updates of SlateQ")
struct SlateQUpdateTests {
  private static let (width, places, steps) = (5, 3, 6)

  private static func network(on backend: any Backend) -> SlateQ {
    var configuration = SlateQConfiguration()
    configuration.hidden = 8
    return SlateQ(configuration, inputs: width, seed: 7, on: backend)
  }

  /// (q − G)² of what was chosen and −log P of the choice, in Float64 from the weights alone.
  private static func loss(
    _ weights: [Double], _ names: [(name: String, offset: Int, shape: [Int])],
    _ records: [Double], _ returns: [Double]
  ) -> Double {
    func forward(_ part: String, _ input: ArraySlice<Double>) -> Double {
      var values = Array(input)
      for layer in 0..<3 {
        let weight = names.first { $0.name == "\(part).\(layer).weight" }!
        let bias = names.first { $0.name == "\(part).\(layer).bias" }!
        let (rows, columns) = (weight.shape[0], weight.shape[1])
        values = (0..<columns).map { column in
          let sum = (0..<rows).reduce(weights[bias.offset + column]) {
            $0 + values[$1] * weights[weight.offset + $1 * columns + column]
          }
          return layer < 2 ? max(sum, 0) : sum
        }
      }
      return values[0]
    }
    var total = 0.0
    for step in 0..<steps {
      let logits = (0..<places).map { place -> Double in
        let start = (step * places + place) * width
        return forward("choice", records[start..<start + width])
      }
      let start = step * places * width
      let error = forward("value", records[start..<start + width]) - returns[step]
      total += error * error + log(logits.reduce(0) { $0 + exp($1) }) - logits[0]
    }
    return total / Double(steps)
  }

  @Test("the gradient of both losses is that of the formula", arguments: TestDevices.all)
  func gradient(_ device: TestDevice) throws {
    let backend = try device.make()
    let network = Self.network(on: backend)
    var random = SeededGenerator(5)
    let records = (0..<Self.steps * Self.places * Self.width).map { _ in
      Float.random(in: -1...1, using: &random)
    }
    let returns = (0..<Self.steps).map { _ in Float.random(in: -2...2, using: &random) }
    let losses = network.losses(
      Tensor(records, shape: [Self.steps, Self.places * Self.width], on: backend),
      Tensor(returns, shape: [Self.steps], on: backend),
      first: IndexTensor(repeating: 0, shape: [Self.steps], on: backend))
    let set = network.parameters
    var (names, weights, found): ([(name: String, offset: Int, shape: [Int])], [Double], [Float]) =
      ([], [], [])
    for parameter in set.parameters {
      names.append((parameter.name, weights.count, parameter.shape.array))
      weights += try backend.read(parameter.values).map { Double($0) }
      found += try backend.read(parameter.gradients)
    }
    func loss(_ weights: [Double]) -> Double {
      Self.loss(weights, names, records.map { Double($0) }, returns.map { Double($0) })
    }
    let sum = try losses.value.host()[0] + losses.choice.host()[0]
    #expect(abs(Double(sum) - loss(weights)) < 1e-5)
    let wanted = FiniteDifference.gradient(
      at: weights, coordinates: Array(weights.indices), of: loss)
    for (place, value) in wanted.enumerated() {
      #expect(abs(Double(found[place]) - value) < 1e-4, "\(place)")
    }
    #expect(found.contains { $0 != 0 })
  }

  private static func trainer(
    on backend: any Backend, _ change: (inout SlateQConfiguration) -> Void = { _ in }
  ) throws -> SlateQTrainer {
    var configuration = SlateQConfiguration()
    configuration.environments = 8
    configuration.horizon = 4
    configuration.rollouts = 2
    configuration.batchSize = 16
    configuration.hidden = 8
    configuration.steps = 640
    change(&configuration)
    let world = try InterestEvolution(count: configuration.environments, seed: 2)
    return SlateQTrainer(configuration, world: world, seed: 2, on: backend)
  }

  @Test("an update asks a device for nothing but launches", arguments: TestDevices.all)
  func launches(_ device: TestDevice) throws {
    let backend = try device.make()
    let trainer = try Self.trainer(on: backend)
    for _ in 0..<3 { try trainer.advance() }
    let found = (0..<3).map { _ -> Counters in
      let before = backend.counters
      trainer.update(0)
      return backend.counters - before
    }
    #expect(found.allSatisfy { $0 == Counters(launches: found[0].launches) })
    #expect(found[0].launches <= 24, "\(found[0].launches)")
  }

  @Test("a trainer that is restored goes on to the same bits", arguments: TestDevices.all)
  func restored(_ device: TestDevice) throws {
    let backend = try device.make()
    let whole = try Self.trainer(on: backend)
    for _ in 0..<3 { try whole.advance() }
    var writer = SafetensorsWriter()
    try whole.save(to: &writer)
    let folder = TemporaryFolder()
    let path = folder.path + "/checkpoint.safetensors"
    try writer.write(to: path)
    let other = try Self.trainer(on: backend)
    try other.prepareRestore(from: SafetensorsFile(contentsOf: path))()
    for trainer in [whole, other] { for _ in 0..<4 { try trainer.advance() } }
    #expect(whole.step == other.step && whole.step == 64 + 6 * 32)
    var (first, second) = (SafetensorsWriter(), SafetensorsWriter())
    try whole.save(to: &first)
    try other.save(to: &second)
    try first.write(to: folder.path + "/a")
    try second.write(to: folder.path + "/b")
    #expect(
      try Data(contentsOf: URL(fileURLWithPath: folder.path + "/a"))
        == Data(contentsOf: URL(fileURLWithPath: folder.path + "/b")))
  }
}
