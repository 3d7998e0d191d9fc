import Kernels
import TestSupport
import Testing

/// The float64 reference backend against PyTorch, to the last digits: the two oracles agree before
/// a device is compared with either.
@Suite struct GoldenReferenceTests {
  private let backend = ReferenceBackend()

  private func floats(_ values: [Double]) -> Floats {
    let view = Floats(backend.allocate(values.count))
    backend.writeDouble(values, to: view)
    return view
  }

  private func zeros(_ count: Int) -> Floats { floats([Double](repeating: 0, count: count)) }

  private func indices(_ values: [Int32]) -> Indices {
    let view = Indices(backend.allocate(values.count))
    backend.write(values, to: view)
    return view
  }

  private func expect(_ found: Floats, _ golden: GoldenCase, _ name: String) throws {
    let expected = try golden(name)
    let values = backend.readDouble(found)
    #expect(values.count == expected.count)
    for (value, wanted) in zip(values, expected) {
      let close = value == wanted || abs(value - wanted) <= 1e-12 * max(1, abs(wanted))
      #expect(close, "\(golden.name)/\(name): \(value), expected \(wanted)")
    }
  }

  @Test(arguments: Activation.allCases)
  func dense(_ activation: Activation) throws {
    let golden = try Golden.load("dense-\(activation)")
    let (m, k, n) = (7, 5, 9)
    let (x, w) = (floats(try golden("x")), floats(try golden("weight")))
    let (y, dx, dw, db) = (zeros(m * n), zeros(m * k), zeros(k * n), zeros(n))
    let (bias, dy) = (floats(try golden("bias")), floats(try golden("dy")))
    backend.linear(x, w, bias, activation, m: m, k: k, n: n, into: y)
    backend.linearBackward(dy, x, w, y, activation, m: m, k: k, n: n, dx: dx, dw: dw, db: db)
    try expect(y, golden, "y")
    try expect(dx, golden, "dx")
    try expect(dw, golden, "dweight")
    try expect(db, golden, "dbias")
  }

  @Test func embedding() throws {
    let golden = try Golden.load("embedding")
    let index = indices(try golden.int32s("index"))
    let (y, dTable) = (zeros(11 * 5), zeros(7 * 5))
    backend.gather(floats(try golden("table")), index, b: 11, e: 5, into: y)
    backend.scatterAdd(floats(try golden("dy")), index, b: 11, e: 5, into: dTable)
    try expect(y, golden, "y")
    try expect(dTable, golden, "dtable")
  }

  @Test(arguments: ["pooling", "pooling-missing"])
  func pooling(_ name: String) throws {
    let golden = try Golden.load(name)
    let (b, n, e) = (9, 5, 6)
    let index = indices(try golden.int32s("index"))
    let (users, items) = (floats(try golden("users")), floats(try golden("items")))
    let (state, dWeights) = (zeros(b * 3 * e), zeros(n))
    let (weights, dState) = (floats(try golden("weights")), floats(try golden("dstate")))
    backend.averagePooling(
      index, users: users, items: items, weights: weights, b: b, n: n, e: e, into: state)
    backend.averagePoolingBackward(
      dState, index, users: users, items: items, b: b, n: n, e: e, into: dWeights)
    try expect(state, golden, "state")
    try expect(dWeights, golden, "dweights")
  }

  @Test func pointLosses() throws {
    let kinds: [(String, PointLoss)] = [
      ("mse", .squared), ("huber", .huber(delta: 1.3)), ("bce", .binaryCrossEntropy),
    ]
    for (name, kind) in kinds {
      for suffix in ["", "-weighted"] {
        let golden = try Golden.load("loss-" + name + suffix)
        let (p, y) = (floats(try golden("prediction")), floats(try golden("target")))
        let weights = golden.contains("weights") ? floats(try golden("weights")) : nil
        let (loss, dP) = (zeros(1), zeros(23))
        backend.pointLoss(kind, p, y, weights: weights, n: 23, into: loss, slope: nil)
        backend.pointLossBackward(
          kind, floats(try golden("scale")), p, y, weights: weights, n: 23, into: dP)
        try expect(loss, golden, "loss")
        try expect(dP, golden, "dprediction")
      }
    }
  }

  @Test(arguments: ["softmax", "softmax-masked"])
  func softmax(_ name: String) throws {
    let golden = try Golden.load(name)
    let (logits, target) = (floats(try golden("logits")), indices(try golden.int32s("target")))
    let (loss, logNormalizer, dLogits) = (zeros(1), zeros(6), zeros(66))
    backend.softmaxCrossEntropy(
      logits, target, weights: nil, b: 6, n: 11, into: loss, logNormalizer: logNormalizer)
    backend.softmaxCrossEntropyBackward(
      floats(try golden("scale")), logits, target, weights: nil, logNormalizer: logNormalizer, b: 6,
      n: 11,
      into: dLogits)
    try expect(loss, golden, "loss")
    try expect(logNormalizer, golden, "logNormalizer")
    try expect(dLogits, golden, "dlogits")
  }

  @Test func adam() throws {
    for name in ["adam", "adam-decay"] {
      let golden = try Golden.load(name)
      let (p, first, second) = (floats(try golden("p0")), zeros(50), zeros(50))
      for step in 1...3 {
        let g = floats(try golden("g\(step)"))
        backend.adam(
          p, g, first, second,
          AdamStep(learningRate: 1e-3, weightDecay: name == "adam" ? 0 : 1e-3, step: step))
        try expect(p, golden, "p\(step)")
      }
      try expect(first, golden, "m")
      try expect(second, golden, "v")
    }
  }
}
