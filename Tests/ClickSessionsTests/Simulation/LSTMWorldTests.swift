import ClickSessions
import DRRCore
import DRRData
import DRRTestSupport
import Foundation
import Tensor
import TestSupport
import Testing

@Suite("The LSTM simulator")
struct LSTMWorldTests {
  let temporary = TemporaryFolder()

  /// A step of the exported world as PyTorch has it without dropout.
  private struct Step: Decodable {
    var prefix: [Int32]
    var listWithEnd: [Int32]
    var pClick: [Double]
    var rewardProbEach: [Double]
    var policyTop20NoDropout: [Int32]

    enum CodingKeys: String, CodingKey {
      case prefix
      case listWithEnd = "list_with_end"
      case pClick = "p_click"
      case rewardProbEach = "reward_prob_each"
      case policyTop20NoDropout = "policy_top20_no_dropout"
    }
  }

  @Test("44 steps of the exported world", arguments: TestDevices.all)
  func golden(_ device: TestDevice) throws {
    try RealData.with("irecgan-lstm-sim.zip") { path in
      let backend = try device.make()
      let name = "golden_no_dropout.json"
      let bytes = try DataFolder(archive: path) { $0.contains(name) }.open(name).readAll()
      let steps = try JSONDecoder().decode([Step].self, from: Data(bytes))
      #expect(steps.count == 44)
      let (world, policy) = try LSTMWorld.read(path, dropout: 0, on: backend)
      let states = world.states(behind: steps.map(\.prefix))
      let slates = IndexTensor(
        steps.flatMap(\.listWithEnd), shape: [44, 21], on: backend)
      let scores = try world.clickScores(states, slates).host()
      let rewards = try world.rewardScores(states).host()
      for (row, step) in steps.enumerated() {
        let logits = scores[row * 21..<(row + 1) * 21].map(Double.init)
        let top = logits.max()!
        let sum = logits.reduce(0) { $0 + exp($1 - top) }
        for (place, item) in step.listWithEnd.enumerated() {
          #expect(abs(exp(logits[place] - top) / sum - step.pClick[place]) < 1e-4)
          guard item < 99 else { continue }
          let logit = Double(rewards[row * 99 + Int(item)])
          #expect(abs(1 / (1 + exp(-logit)) - step.rewardProbEach[place]) < 1e-4)
        }
        try policy.begin([step.prefix[0]], seed: 0)
        for click in step.prefix.dropFirst() { try policy.observe([click]) }
        #expect(try policy.lists(of: 20) == step.policyTop20NoDropout)
      }
    }
  }

  @Test("what the logging policy and random lists earn")
  func online() throws {
    try RealData.with("irecgan-lstm-sim.zip") { path in
      let (world, policy) = try LSTMWorld.read(path, on: CPUBackend())
      for (policy, expected) in [
        (policy as any ListPolicy, 1.837), (RandomLists(itemCount: 99), 1.857),
      ] {
        let found = try SessionSimulation.run(
          world, policy, sessions: 2_000, listSize: 20, seed: 1
        ).statistics.reward.mean
        #expect(abs(found - expected) < 0.05, "\(policy.name): \(found)")
      }
    }
  }

  /// The log that the world's own program made of it has the same clicks far more often than the
  /// other items of its lists.
  @Test("the log's clicks are those of the exported world")
  func log() throws {
    try RealData.with("irecgan-lstm-sim.zip") { path in
      let (world, _) = try LSTMWorld.read(path, dropout: 0, on: CPUBackend())
      let log = try SessionSource.load(path)
      let sessions = (0..<400).filter { log.steps(of: $0).count == 5 }
      let steps = sessions.map { log.steps(of: $0).upperBound - 1 }
      let prefixes = sessions.map { Array(log.clicks(of: $0).dropLast()) }
      let slates = IndexTensor(
        steps.flatMap { Array(log.list(of: $0)) }, shape: [steps.count, 20],
        on: world.weights.backend)
      let best = try world.clickScores(world.states(behind: prefixes), slates).topKRows(1).host()
      let hits = zip(steps, best).count { step, place in
        let list = log.list(of: step)
        return list[list.startIndex + Int(place)] == log.clicks[step]
      }
      // Chance is 5 per cent; the log was made with dropout.
      #expect(Double(hits) > 0.12 * Double(steps.count), "\(hits) of \(steps.count)")
    }
  }

  private func simulated(seed: UInt64, on backend: any Backend) throws -> [String] {
    let configuration = LSTMWorld.Configuration()
    let world = LSTMWorld(configuration, seed: seed, on: backend)
    let policy = LSTMListPolicy("logging", configuration, seed: seed, on: backend)
    return try SessionSimulation.run(world, policy, sessions: 60, listSize: 20, seed: 3).log.spelled
  }

  @Test("a world drawn from a seed is the same twice", arguments: TestDevices.all)
  func drawn(_ device: TestDevice) throws {
    let backend = try device.make()
    let first = try simulated(seed: 4, on: backend)
    #expect(try simulated(seed: 4, on: backend) == first)
    #expect(try simulated(seed: 5, on: backend) != first)
    #expect(first.contains { $0.hasSuffix("!") } && first.contains { $0.contains("/1.0") })
  }

  @Test("weights have mean 0 and deviation 1, biases too")
  func weights() {
    let world = LSTMWorld(LSTMWorld.Configuration(), seed: 2, on: CPUBackend())
    for parameter in world.weights.parameters {
      let values = (try? parameter.tensor.host()) ?? []
      let n = Double(values.count)
      let mean = values.reduce(0) { $0 + Double($1) } / n
      let square = values.reduce(0) { $0 + Double($1 * $1) } / n
      #expect(abs(mean) < 5 / n.squareRoot(), "\(parameter.name)")
      #expect(abs(square - 1) < 5 * (2 / n).squareRoot(), "\(parameter.name)")
    }
  }

  /// A tiny export whose numbers are all 1.
  private func export(
    _ name: String, _ change: (inout [String: [Int]], inout [String: Data]) -> Void = { _, _ in }
  ) throws -> String {
    let (n, e, h) = (6, 3, 2)
    var shapes: [String: [Int]] = [:]
    for (network, rows, outputs) in [
      ("env", n + 1, ["enc2out": e, "enc2rewd": e]),
      ("policy", n, ["enc2out": n]),
    ] {
      shapes["\(network).embedding.embedding.weight.f32"] = [rows, e]
      shapes["\(network).encoder.enc_lstm.weight_ih_l0.f32"] = [4 * h, e]
      shapes["\(network).encoder.enc_lstm.weight_hh_l0.f32"] = [4 * h, h]
      shapes["\(network).encoder.enc_lstm.bias_ih_l0.f32"] = [4 * h]
      shapes["\(network).encoder.enc_lstm.bias_hh_l0.f32"] = [4 * h]
      for (output, width) in outputs {
        shapes["\(network).\(output).weight.f32"] = [width, h]
        shapes["\(network).\(output).bias.f32"] = [width]
      }
    }
    var files: [String: Data] = [:]
    for (file, shape) in shapes {
      files[file] = Data((0..<shape.reduce(1, *)).flatMap { _ in [0, 0, 0x80, 0x3f] as [UInt8] })
    }
    var manifest = shapes
    change(&manifest, &files)
    if files["manifest.json"] == nil {
      files["manifest.json"] = try JSONSerialization.data(withJSONObject: ["tensors": manifest])
    } else if files["manifest.json"]!.isEmpty {
      files["manifest.json"] = nil
    }
    return try temporary.folder(name, files)
  }

  @Test("a damaged export is refused by the file at fault")
  func damaged() throws {
    let whole = try export("whole")
    let (world, _) = try LSTMWorld.read(whole, on: CPUBackend())
    #expect(world.itemCount == 6)
    func message(
      _ name: String, _ change: (inout [String: [Int]], inout [String: Data]) -> Void
    ) throws -> String {
      let path = try export(name, change)
      do {
        _ = try LSTMWorld.read(path, on: CPUBackend())
        return "no error"
      } catch {
        return "\(error)".replacingOccurrences(of: temporary.path + "/", with: "")
      }
    }
    let click = "env.enc2out.weight.f32"
    let table = "env.embedding.embedding.weight.f32"
    let recurrent = "env.encoder.enc_lstm.weight_hh_l0.f32"
    #expect(
      try message("a") { _, files in files[click] = nil } == "a/\(click): no such file or folder")
    #expect(
      try message("b") { shapes, _ in shapes[click] = nil }
        == "b/manifest.json: \(click) is missing")
    #expect(
      try message("c") { shapes, _ in shapes[click] = [2, 3] }
        == "c/manifest.json: \(click) has the shape [2, 3], expected [3, 2]")
    #expect(
      try message("d") { _, files in files[click]!.removeLast() }
        == "d/\(click): 23 bytes, expected 24 of shape [3, 2]")
    #expect(
      try message("e") { _, files in files["manifest.json"] = Data() }
        == "e/manifest.json: no such file or folder")
    #expect(
      try message("f") { _, files in files["manifest.json"] = Data("{}".utf8) }
        == "f/manifest.json: not the shapes of a world's arrays")
    #expect(
      try message("g") { shapes, _ in shapes[table] = [7] }
        == "g/manifest.json: \(table) has the shape [7], expected 2 sizes")
    #expect(
      try message("h") { shapes, files in
        shapes[table] = [1, 3]
        files[table] = files[table]!.prefix(12)
      }
        == "h/manifest.json: \(table) has the shape [1, 3]: leaving, and no items")
    #expect(
      try message("i") { shapes, _ in shapes[table] = [1 << 24, 1 << 24] }
        == "i/\(table): 84 bytes, expected 1125899906842624 of shape [16777216, 16777216]")
    #expect(
      try message("j") { shapes, _ in shapes[recurrent] = [1 << 24, 1 << 24] }
        == "j/\(recurrent): 64 bytes, expected 1125899906842624 of shape [16777216, 16777216]")
    #expect(
      try message("k") { shapes, _ in shapes["policy.embedding.embedding.weight.f32"] = [7, 3] }
        .hasPrefix("k/manifest.json: policy.embedding.embedding.weight.f32 has the shape [7, 3]"))
  }
}
