import Kernels
import TestSupport
import Testing

@Suite struct PropertyTests {
  private func dot(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }

  /// ⟨dy, xW⟩ = ⟨dy Wᵀ, x⟩ = ⟨xᵀ dy, W⟩ for random shapes.
  @Test(arguments: TestDevices.all)
  func linearBackwardIsTheAdjoint(_ device: TestDevice) throws {
    let backend = try device.make()
    var generator = SeededGenerator(31)
    for trial in 0..<40 {
      let size = (0..<3).map { _ in Int.random(in: 1...140, using: &generator) }
      let (m, k, n) = (size[0], size[1], size[2])
      let (x, w, dy) = (
        generator.floats(m * k), generator.floats(k * n), generator.floats(m * n)
      )
      let run = OpRun(
        [
          .input("x", x), .input("w", w), .input("dy", dy), .output("y", m * n),
          .output("dx", m * k), .update("dw", [Float](repeating: 0, count: k * n)),
        ], on: backend)
      let a = run.arguments
      backend.linear(a["x"], a["w"], nil, .identity, m: m, k: k, n: n, into: a["y"])
      backend.linearBackward(
        a["dy"], a["x"], a["w"], a["y"], .identity, m: m, k: k, n: n, dx: a["dx"], dw: a["dw"],
        db: nil)
      let forward = dot(dy, try backend.read(a["y"]))
      let slack = 1e-6 * Double(m * k * n).squareRoot()
      #expect(abs(forward - dot(try backend.read(a["dx"]), x)) < slack, "trial \(trial) \(size)")
      #expect(abs(forward - dot(try backend.read(a["dw"]), w)) < slack, "trial \(trial) \(size)")
      #expect(try run.damage() == [], "trial \(trial) \(size)")
    }
  }

  /// An output may be one of the inputs.
  @Test(arguments: TestDevices.all)
  func elementwiseOpsWorkInPlace(_ device: TestDevice) throws {
    let backend = try device.make()
    var generator = SeededGenerator(33)
    for (m, n) in [(1, 1), (7, 131), (64, 300)] {
      let (a, b) = (generator.floats(m * n), generator.floats(m * n).map { $0 + 3 })
      func inPlace(_ op: (Floats, Floats, Floats) -> Void) throws {
        let views = [a, b, a].map { values in
          let view = Floats(backend.allocate(m * n), count: m * n)
          backend.write(values, to: view)
          return view
        }
        op(views[0], views[1], views[2])
        let apart = try backend.read(views[2])
        op(views[0], views[1], views[0])
        #expect(try backend.read(views[0]) == apart)
      }
      for op in UnaryOp.allCases where op != .log {
        try inPlace { x, _, y in backend.map(op, x, into: y) }
        try inPlace { dy, x, dx in backend.mapBackward(op, dy, x, x, into: dx) }
      }
      for op in BinaryOp.allCases {
        try inPlace { x, z, y in backend.combine(op, x, z, .none, m: m, n: n, into: y) }
        try inPlace { x, z, y in backend.combine(op, x, z[0..<n], .row, m: m, n: n, into: y) }
        try inPlace { x, z, y in backend.combine(op, x, z[0..<m], .column, m: m, n: n, into: y) }
      }
      try inPlace { x, _, y in backend.affine(x, scale: 2, shift: -1, into: y) }
    }
  }

  /// Gathering ones and scattering them back counts each row.
  @Test(arguments: TestDevices.all)
  func scatteredOnesCountRows(_ device: TestDevice) throws {
    let backend = try device.make()
    var generator = SeededGenerator(32)
    // More rows than a second dimension of an NVIDIA device has work-groups, among them.
    for (rows, b, e) in [(1, 300, 1), (7, 1000, 3), (1000, 129, 17), (50, 70_000, 2)] {
      let index = generator.indices(b, in: -2..<Int32(rows))
      var expected = [Float](repeating: 0, count: rows * e)
      for row in index where row >= 0 { for j in 0..<e { expected[Int(row) * e + j] += 1 } }
      let run = OpRun(
        [
          .input("table", [Float](repeating: 1, count: rows * e)), .input("index", index),
          .output("y", b * e), .update("dTable", [Float](repeating: 0, count: rows * e)),
        ], on: backend)
      let a = run.arguments
      backend.gather(a["table"], a[indices: "index"], b: b, e: e, into: a["y"])
      backend.scatterAdd(a["y"], a[indices: "index"], b: b, e: e, into: a["dTable"])
      #expect(try backend.read(a["dTable"]) == expected)
    }
  }

  /// Rows repeated are summed in the order of b: the small term first survives, later it is lost.
  @Test(arguments: TestDevices.all)
  func scatterAddKeepsTheOrder(_ device: TestDevice) throws {
    let backend = try device.make()
    let big: Float = 0x1p30
    let terms: [Float] = [1, big, -big, 1, 1]
    let run = OpRun(
      [
        .input("dy", terms), .input("index", [Int32](repeating: 0, count: 5)),
        .update("dTable", [Float](repeating: 0, count: 1)),
      ], on: backend)
    let a = run.arguments
    backend.scatterAdd(a["dy"], a[indices: "index"], b: 5, e: 1, into: a["dTable"])
    #expect(try backend.read(a["dTable"]) == [2])
  }

  /// Softmax's gradient sums to 0 over a row, and a shift of the logits changes nothing.
  @Test(arguments: TestDevices.all)
  func softmaxIsShiftInvariant(_ device: TestDevice) throws {
    let backend = try device.make()
    var generator = SeededGenerator(33)
    let (b, n) = (33, 257)
    let logits = generator.wholeFloats(b * n, in: -6...6)
    let target = generator.indices(b, in: 0..<Int32(n))
    func run(_ logits: [Float]) throws -> (loss: Float, slopes: [Float]) {
      let run = OpRun(
        [
          .input("logits", logits), .input("target", target), .output("loss", 1),
          .output("logNormalizer", b), .input("one", [Float(1)]), .output("slopes", b * n),
        ], on: backend)
      let a = run.arguments
      backend.softmaxCrossEntropy(
        a["logits"], a[indices: "target"], weights: nil, b: b, n: n, into: a["loss"],
        logNormalizer: a["logNormalizer"])
      backend.softmaxCrossEntropyBackward(
        a["one"], a["logits"], a[indices: "target"], weights: nil,
        logNormalizer: a["logNormalizer"], b: b,
        n: n, into: a["slopes"])
      return (try backend.read(a["loss"])[0], try backend.read(a["slopes"]))
    }
    let plain = try run(logits)
    let shifted = try run(logits.map { $0 + 256 })
    #expect(abs(plain.loss - shifted.loss) < 1e-4)
    for i in 0..<b {
      let sum = plain.slopes[i * n..<(i + 1) * n].reduce(0) { $0 + Double($1) }
      #expect(abs(sum) < 1e-6)
    }
  }

  /// What a step leaves below 2⁻¹⁰⁰ is 0, what it leaves above stays.
  @Test(arguments: TestDevices.all)
  func stepsSettleDeadWeights(_ device: TestDevice) throws {
    let backend = try device.make()
    let (dead, live): (Float, Float) = (0x1.8p-101, 0x1.8p-99)
    let values = (0..<37).map { [dead, live, -dead, -live, 1][$0 % 5] }
    let settled = values.map { abs($0) == dead ? 0 : $0 }
    let zeros = [Float](repeating: 0, count: 37)
    let run = OpRun(
      ["p", "target"].map { .update($0, values) }
        + ["g", "m", "v"].map { .update($0, zeros) } + [.input("source", values)],
      on: backend)
    let a = run.arguments
    // A rate of 0 leaves the values as they are.
    backend.adam(
      a["p"], a["g"], a["m"], a["v"],
      AdamStep(learningRate: 0, step: 1))
    backend.softUpdate(a["target"], a["source"], tau: 0.5)
    for name in ["p", "target"] {
      #expect(try backend.read(a[name]) == settled, "\(name)")
    }
  }
}
