import Environments
import Foundation
import Kernels
import SlateQ
import Tensor
import TestSupport
import Testing

@Suite("Updates of slates")
struct SlateQUpdateTests {
  /// What is learned, and of what.
  struct Case: CustomTestStringConvertible, Sendable {
    var learner: SlateLearner
    var window = 0
    /// Launches of an update, at most.
    var launches: Int
    var testDescription: String { "\(learner.rawValue), window \(window)" }
    static let all = [
      Case(learner: .slateq, launches: 24), Case(learner: .dqn, launches: 16),
      Case(learner: .pg, launches: 80), Case(learner: .slateq, window: 3, launches: 48),
      Case(learner: .dqn, window: 2, launches: 40), Case(learner: .pg, window: 3, launches: 96),
    ]
  }

  private static func trainer(_ wanted: Case, on backend: any Backend) throws -> SlateQTrainer {
    var configuration = SlateQConfiguration(wanted.learner)
    configuration.environments = 8
    configuration.horizon = 4
    configuration.rollouts = wanted.learner == .pg ? 1 : 2
    configuration.batchSize = 16
    configuration.hidden = 8
    configuration.units = 5
    configuration.window = wanted.window
    configuration.entropyWeight = 0.3
    configuration.steps = 640
    let world = try InterestEvolution(count: configuration.environments, seed: 2)
    return SlateQTrainer(configuration, world: world, seed: 2, on: backend)
  }

  /// The losses in Float64, from the weights and the batch alone.
  private struct Reference {
    let wanted: Case
    let names: [(name: String, offset: Int, shape: [Int])]
    let records, past, returns: [Double]
    let picks: [Int]
    /// [steps], A min(π / β, c), a constant.
    var weights: [Double] = []
    let steps: Int
    let width: Int
    let stepWidth: Int

    private func row(_ weights: [Double], _ name: String, _ input: [Double]) -> [Double] {
      let weight = names.first { $0.name == name }!
      return (0..<weight.shape[1]).map { column in
        (0..<weight.shape[0]).reduce(0) {
          $0 + input[$1] * weights[weight.offset + $1 * weight.shape[1] + column]
        }
      }
    }

    private func vector(_ weights: [Double], _ name: String) -> [Double] {
      let found = names.first { $0.name == name }!
      return Array(weights[found.offset..<found.offset + found.shape[0]])
    }

    private func forward(_ weights: [Double], _ part: String, _ input: [Double]) -> Double {
      (0..<3).reduce(input) { values, layer in
        zip(
          row(weights, "\(part).\(layer).weight", values),
          vector(weights, "\(part).\(layer).bias")
        ).map { layer < 2 ? max($0 + $1, 0) : $0 + $1 }
      }[0]
    }

    /// h of PyTorch's GRU after the steps: r, z, n.
    private func summary(_ weights: [Double], _ step: Int) -> [Double] {
      guard wanted.window > 0 else { return [] }
      let units = 5
      var h = [Double](repeating: 0, count: units)
      for at in 0..<wanted.window {
        let start = (step * wanted.window + at) * stepWidth
        let x = Array(past[start..<start + stepWidth])
        let a = zip(
          row(weights, "past.0.inputWeight", x), vector(weights, "past.0.inputBias")
        ).map(+)
        let b = zip(
          row(weights, "past.0.hiddenWeight", h), vector(weights, "past.0.hiddenBias")
        ).map(+)
        func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
        h = (0..<units).map { unit in
          let r = sigmoid(a[unit] + b[unit])
          let z = sigmoid(a[units + unit] + b[units + unit])
          let n = tanh(a[2 * units + unit] + r * b[2 * units + unit])
          return (1 - z) * n + z * h[unit]
        }
      }
      return h
    }

    /// log π of a step's slate, and the logits.
    func policy(_ weights: [Double], _ step: Int) -> (logPi: Double, logits: [Double]) {
      let h = summary(weights, step)
      let all = inputs(step)
      let logits = all[1...].map { forward(weights, "choice", $0 + h) }
      var (logPi, left) = (0.0, Set(logits.indices))
      for pick in picks[step * 2..<step * 2 + 2] {
        logPi += logits[pick] - log(left.reduce(0) { $0 + exp(logits[$1]) })
        left.remove(pick)
      }
      return (logPi, Array(logits))
    }

    private func inputs(_ step: Int) -> [[Double]] {
      let places = records.count / steps / width
      return (0..<places).map { place in
        let start = (step * places + place) * width
        return Array(records[start..<start + width])
      }
    }

    func loss(_ weights: [Double]) -> Double {
      let valued = returns.count / steps
      return (0..<steps).reduce(0) { total, step in
        let (h, all) = (summary(weights, step), inputs(step))
        var sum = 0.0
        for place in 0..<valued {
          let error = forward(weights, "value", all[place] + h) - returns[step * valued + place]
          sum += error * error / Double(valued)
        }
        switch wanted.learner {
        case .dqn: break
        case .slateq:
          let logits = all.map { forward(weights, "choice", $0 + h) }
          sum += log(logits.reduce(0) { $0 + exp($1) }) - logits[0]
        case .pg:
          let (logPi, logits) = policy(weights, step)
          let normalizer = log(logits.reduce(0) { $0 + exp($1) })
          let entropy = logits.reduce(0) { $0 - exp($1 - normalizer) * ($1 - normalizer) }
          sum -= self.weights[step] * logPi + 0.3 * entropy
        }
        return total + sum / Double(steps)
      }
    }
  }

  @Test("their gradients are those of the formulas", arguments: TestDevices.all, Case.all)
  func gradient(_ device: TestDevice, _ wanted: Case) throws {
    let backend = try device.make()
    let network = try Self.trainer(wanted, on: backend).network
    let (steps, width, n) = (6, network.inputWidth, 4)
    let stepWidth = network.stepWidth ?? 0
    var random = SeededGenerator(5)
    func numbers(_ count: Int, _ range: ClosedRange<Float> = -1...1) -> [Float] {
      (0..<count).map { _ in Float.random(in: range, using: &random) }
    }
    let places = wanted.learner == .pg ? n + 1 : wanted.learner == .dqn ? 2 : 3
    let valued = wanted.learner == .dqn ? 2 : 1
    let records = numbers(steps * places * width)
    let returns = numbers(steps * valued)
    let past = numbers(steps * wanted.window * stepWidth)
    let (logBeta, advantages) = (numbers(steps, -6 ... -1), numbers(steps))
    let picks: [Int32] = [0, 1, 3, 2, 1, 0, 2, 3, 0, 3, 3, 1]
    var barred = [Float](repeating: 0, count: steps * n)
    for step in 0..<steps { barred[step * n + Int(picks[step * 2])] = -1e9 }
    let batch = SlateRing.Batch(
      records: Tensor(records, shape: [steps, places * width], on: backend),
      returns: Tensor(returns, shape: [steps, valued], on: backend),
      past: past.isEmpty
        ? nil : Tensor(past, shape: [steps, wanted.window * stepWidth], on: backend),
      first: IndexTensor(repeating: 0, shape: [steps], on: backend),
      play: wanted.learner == .pg
        ? SlateRing.Play(
          picks: IndexTensor(picks, shape: [steps, 2], on: backend),
          barred: Tensor(barred, shape: [steps, n], on: backend),
          logBeta: Tensor(logBeta, shape: [steps], on: backend),
          advantages: Tensor(advantages, shape: [steps], on: backend)) : nil)
    let losses = network.losses(batch)

    let set = network.parameters
    var (names, weights, found): ([(name: String, offset: Int, shape: [Int])], [Double], [Float]) =
      ([], [], [])
    for parameter in set.parameters {
      names.append((parameter.name, weights.count, parameter.shape.array))
      weights += try backend.read(parameter.values).map { Double($0) }
      found += try backend.read(parameter.gradients)
    }
    var reference = Reference(
      wanted: wanted, names: names, records: records.map { Double($0) },
      past: past.map { Double($0) }, returns: returns.map { Double($0) },
      picks: picks.map { Int($0) }, steps: steps, width: width, stepWidth: stepWidth)
    if wanted.learner == .pg {
      reference.weights = (0..<steps).map { step in
        let ratio = exp(reference.policy(weights, step).logPi - Double(logBeta[step]))
        return Double(advantages[step]) * min(ratio, 2)
      }
      // Some are capped, and some are not.
      let capped = zip(reference.weights, advantages).map { abs($0 - 2 * Double($1)) < 1e-9 }
      #expect(Set(capped).count == 2)
    }
    let sum = try losses.value.host()[0] + (losses.choice?.host()[0] ?? 0)
    #expect(abs(Double(sum) - reference.loss(weights)) < 1e-4)
    // The values that are reported are those whose error was told.
    let errors = zip(try losses.values.host(), returns).map { ($0 - $1) * ($0 - $1) }
    #expect(errors.count == returns.count)
    #expect(abs(errors.reduce(0, +) / Float(errors.count) - (try losses.value.host()[0])) < 1e-5)
    let gradient = FiniteDifference.gradient(
      at: weights, coordinates: Array(weights.indices), of: reference.loss)
    for (place, value) in gradient.enumerated() {
      #expect(abs(Double(found[place]) - value) < 2e-4, "\(place)")
    }
    for (name, offset, shape) in names {
      let part = found[offset..<offset + shape.reduce(1, *)]
      #expect(part.contains { $0 != 0 }, "\(name)")
    }
  }

  @Test(
    "an update asks a device for nothing but launches", arguments: TestDevices.all, Case.all)
  func launches(_ device: TestDevice, _ wanted: Case) throws {
    let backend = try device.make()
    let trainer = try Self.trainer(wanted, on: backend)
    for _ in 0..<3 { try trainer.advance() }
    // What is reported of its values: as returns, and of a policy gradient nothing.
    let (values, histogram) = (try trainer.losses?.values.host(), try trainer.histogram())
    let largest = (values?.max()).map { Double($0 * trainer.unit) }
    #expect(wanted.learner == .pg ? histogram == nil : histogram?.edges.last == largest)
    #expect(wanted.learner == .pg || histogram?.counts.reduce(0, +) == values?.count)
    #expect(trainer.unit != 1)
    let found = (0..<3).map { _ -> Counters in
      let before = backend.counters
      trainer.update(0)
      return backend.counters - before
    }
    #expect(
      found.allSatisfy {
        $0 == Counters(launches: found[0].launches, arguments: $0.arguments)
      })
    #expect(found[0].launches <= wanted.launches, "\(found[0].launches)")
  }

  @Test(
    "a trainer that is restored goes on to the same bits", arguments: TestDevices.all, Case.all)
  func restored(_ device: TestDevice, _ wanted: Case) throws {
    let backend = try device.make()
    let whole = try Self.trainer(wanted, on: backend)
    for _ in 0..<3 { try whole.advance() }
    var writer = SafetensorsWriter()
    try whole.save(to: &writer)
    let folder = TemporaryFolder()
    let path = folder.path + "/checkpoint.safetensors"
    try writer.write(to: path)
    let other = try Self.trainer(wanted, on: backend)
    try other.prepareRestore(from: SafetensorsFile(contentsOf: path))()
    for trainer in [whole, other] { for _ in 0..<4 { try trainer.advance() } }
    let rollout = wanted.learner == .pg ? 32 : 64
    #expect(whole.step == other.step && whole.step == rollout + 6 * 32)
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
