import Tensor
import TestSupport
import Testing

@Suite struct GoldenTests {
  /// Small arrays of two types under "case/name", and what made them.
  @Test func filesSayWhatMadeThem() throws {
    let files = try Golden.files.get()
    #expect(
      files.map { $0.path.split(separator: "/").last }
        == [
          "deep.safetensors", "drr.safetensors", "irecgan.safetensors", "layers.safetensors",
          "worlds.safetensors",
        ])
    for file in files {
      #expect(file.metadata["made_with"]?.contains("numpy ") == true, "\(file.path)")
      for entry in file.entries {
        #expect([TensorType.f64, .i32].contains(entry.type), "\(entry.name)")
        #expect(entry.name.split(separator: "/").count == 2, "\(entry.name)")
        #expect(entry.byteRange.count <= 65_536, "\(entry.name)")
      }
    }
  }

  @Test func anUnknownNameIsThrown() throws {
    #expect(throws: CheckpointError.noTensor(path: Golden.folder, tensor: "nothing/")) {
      try Golden.load("nothing")
    }
    let golden = try Golden.load("mlp")
    #expect(!golden.contains("z"))
    #expect(throws: CheckpointError.self) { try golden("z") }
    #expect(throws: CheckpointError.self) { try golden.shape("z") }
  }

  /// The files agree with the equations in this plain float64 form, so that a case is not misread:
  /// the pooled state and its gradient (DRR section 3.3), and the clipped norm.
  @Test func poolingFollowsItsEquation() throws {
    for name in ["pooling", "pooling-missing"] {
      let golden = try Golden.load(name)
      let index = try golden.int32s("index").map(Int.init)
      let (users, items) = (try golden("users"), try golden("items"))
      let (weights, dState) = (try golden("weights"), try golden("dstate"))
      let (b, n) = (try golden.shape("index")[0], weights.count)
      let e = try golden.shape("users")[1]
      func value(_ table: [Double], _ row: Int, _ c: Int) -> Double {
        row < 0 ? 0 : table[row * e + c]
      }
      var state = [Double](repeating: 0, count: b * 3 * e)
      var dWeights = [Double](repeating: 0, count: n)
      for row in 0..<b {
        for c in 0..<e {
          let user = value(users, index[row * (n + 1)], c)
          let history = (0..<n).map { value(items, index[row * (n + 1) + 1 + $0], c) }
          let mean = zip(weights, history).map(*).reduce(0, +)
          let start = row * 3 * e + c
          (state[start], state[start + e], state[start + 2 * e]) = (user, user * mean, mean)
          for j in 0..<n {
            dWeights[j] += (dState[start + e] * user + dState[start + 2 * e]) * history[j]
          }
        }
      }
      for (found, expected) in zip(
        state + dWeights, try golden("state") + golden("dweights"))
      {
        #expect(abs(found - expected) < 1e-12)
      }
    }
  }
}
