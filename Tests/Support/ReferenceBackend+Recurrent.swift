import Foundation
import Kernels

extension ReferenceBackend {
  public func recurrent(
    _ layout: RecurrentLayout, _ x: Floats, lengths: Indices?, initial: Floats?,
    _ weights: RecurrentWeights, into y: Floats, last: Floats, trace: Floats
  ) {
    let op = Sequences(layout, x, lengths, initial, weights, y, trace, launch("recurrent"))
    let last = cells(last, layout.batch * layout.stateWidth, "recurrent")
    let (h, n) = (layout.units, layout.gateWidth)
    for i in 0..<layout.rows * h { op.y[i] = 0 }
    for i in 0..<layout.traceCount { op.trace[i] = 0 }
    for b in 0..<layout.batch {
      var state = op.initialState(b)
      for t in 0..<op.length(b) {
        let row = b * layout.steps + t
        let (gates, beside) = (op.trace + row * n, op.trace + layout.rows * n + row * h)
        let before = state
        for j in 0..<h {
          func input(_ gate: Int) -> Double {
            let column = gate * h + j
            return (0..<layout.inputs).reduce(op.inputBias[column]) {
              $0 + op.x[row * layout.inputs + $1] * op.inputWeights[$1 * n + column]
            }
          }
          func recurrent(_ gate: Int) -> Double {
            let column = gate * h + j
            return (0..<h).reduce(op.hiddenBias[column]) {
              $0 + before[$1] * op.hiddenWeights[$1 * n + column]
            }
          }
          switch layout.cell {
          case .lstm:
            let i = Self.logistic(input(0) + recurrent(0))
            let f = Self.logistic(input(1) + recurrent(1))
            let g = tanh(input(2) + recurrent(2))
            let o = Self.logistic(input(3) + recurrent(3))
            let c = f * before[h + j] + i * g
            for (gate, value) in [i, f, g, o].enumerated() { gates[gate * h + j] = value }
            beside[j] = c
            state[h + j] = c
            state[j] = o * tanh(c)
          case .gru:
            let r = Self.logistic(input(0) + recurrent(0))
            let z = Self.logistic(input(1) + recurrent(1))
            beside[j] = recurrent(2)
            let new = tanh(input(2) + r * beside[j])
            for (gate, value) in [r, z, new].enumerated() { gates[gate * h + j] = value }
            state[j] = (1 - z) * new + z * before[j]
          }
          op.y[row * h + j] = state[j]
        }
      }
      for j in 0..<layout.stateWidth { last[b * layout.stateWidth + j] = state[j] }
    }
  }

  public func recurrentBackward(
    _ layout: RecurrentLayout, dy: Floats?, dLast: Floats?, _ x: Floats, lengths: Indices?,
    initial: Floats?, _ weights: RecurrentWeights, y: Floats, trace: Floats, dx: Floats?,
    dInitial: Floats?, gradients: RecurrentWeights?
  ) {
    let cells = launch("recurrentBackward")
    let op = Sequences(layout, x, lengths, initial, weights, y, trace, cells)
    let (h, n, e, s) = (layout.units, layout.gateWidth, layout.inputs, layout.stateWidth)
    let dy = dy.map { cells($0, layout.rows * h) }
    let dLast = dLast.map { cells($0, layout.batch * s) }
    let dx = dx.map { cells($0, layout.rows * e) }
    let dInitial = dInitial.map { cells($0, layout.batch * s) }
    let dw = gradients.map { cells($0.input, e * n) }
    let du = gradients.map { cells($0.hidden, h * n) }
    let db = gradients.map { cells($0.inputBias, n) }
    let dd = gradients.map { cells($0.hiddenBias, n) }
    if let dx { for i in 0..<layout.rows * e { dx[i] = 0 } }
    for b in 0..<layout.batch {
      var dState = (0..<s).map { dLast?[b * s + $0] ?? 0 }
      for t in (0..<op.length(b)).reversed() {
        let row = b * layout.steps + t
        let (gates, beside) = (op.trace + row * n, op.trace + layout.rows * n + row * h)
        let before = t == 0 ? op.initialState(b) : op.state(row - 1)
        // What reaches the products of x and of h.
        var (dz, dq) = ([Double](repeating: 0, count: n), [Double](repeating: 0, count: n))
        var next = [Double](repeating: 0, count: s)
        for j in 0..<h {
          let dh = dState[j] + (dy?[row * h + j] ?? 0)
          let gate = (0..<layout.cell.gates).map { gates[$0 * h + j] }
          func logisticSlope(_ k: Int) -> Double { gate[k] * (1 - gate[k]) }
          switch layout.cell {
          case .lstm:
            let squashed = tanh(beside[j])
            let dc = dState[h + j] + dh * gate[3] * (1 - squashed * squashed)
            dz[j] = dc * gate[2] * logisticSlope(0)
            dz[h + j] = dc * before[h + j] * logisticSlope(1)
            dz[2 * h + j] = dc * gate[0] * (1 - gate[2] * gate[2])
            dz[3 * h + j] = dh * squashed * logisticSlope(3)
            next[h + j] = dc * gate[1]
          case .gru:
            dz[2 * h + j] = dh * (1 - gate[1]) * (1 - gate[2] * gate[2])
            dz[h + j] = dh * (before[j] - gate[2]) * logisticSlope(1)
            dz[j] = dz[2 * h + j] * beside[j] * logisticSlope(0)
            dq[2 * h + j] = dz[2 * h + j] * gate[0]
            next[j] = dh * gate[1]
          }
        }
        for column in 0..<n where layout.cell == .lstm || column < 2 * h { dq[column] = dz[column] }
        for column in 0..<n {
          gates[column] = dz[column]
          db?[column] += dz[column]
          dd?[column] += dq[column]
          for p in 0..<e {
            dx?[row * e + p] += dz[column] * op.inputWeights[p * n + column]
            dw?[p * n + column] += op.x[row * e + p] * dz[column]
          }
          for p in 0..<h {
            next[p] += dq[column] * op.hiddenWeights[p * n + column]
            du?[p * n + column] += before[p] * dq[column]
          }
        }
        dState = next
      }
      if let dInitial { for j in 0..<s { dInitial[b * s + j] = dState[j] } }
    }
  }

  private struct Sequences {
    let layout: RecurrentLayout
    let x: UnsafeMutablePointer<Double>
    let y: UnsafeMutablePointer<Double>
    let trace: UnsafeMutablePointer<Double>
    let inputWeights: UnsafeMutablePointer<Double>
    let hiddenWeights: UnsafeMutablePointer<Double>
    let inputBias: UnsafeMutablePointer<Double>
    let hiddenBias: UnsafeMutablePointer<Double>
    private let initial: UnsafeMutablePointer<Double>?
    private let lengths: UnsafeMutablePointer<Double>?

    init(
      _ layout: RecurrentLayout, _ x: Floats, _ lengths: Indices?, _ initial: Floats?,
      _ weights: RecurrentWeights, _ y: Floats, _ trace: Floats, _ cells: Operands
    ) {
      self.layout = layout
      let (h, n) = (layout.units, layout.gateWidth)
      self.x = cells(x, layout.rows * layout.inputs)
      self.y = cells(y, layout.rows * h)
      self.trace = cells(trace, layout.traceCount)
      inputWeights = cells(weights.input, layout.inputs * n)
      hiddenWeights = cells(weights.hidden, h * n)
      inputBias = cells(weights.inputBias, n)
      hiddenBias = cells(weights.hiddenBias, n)
      self.initial = initial.map { cells($0, layout.batch * layout.stateWidth) }
      self.lengths = lengths.map { cells($0, layout.batch) }
    }

    func length(_ b: Int) -> Int {
      lengths.map { min(max(Int($0[b]), 0), layout.steps) } ?? layout.steps
    }

    func initialState(_ b: Int) -> [Double] {
      (0..<layout.stateWidth).map { initial?[b * layout.stateWidth + $0] ?? 0 }
    }

    /// h, and an LSTM's c, behind a step.
    func state(_ row: Int) -> [Double] {
      let h = layout.units
      let cell = trace + layout.rows * layout.gateWidth + row * h
      return (0..<layout.stateWidth).map { $0 < h ? y[row * h + $0] : cell[$0 - h] }
    }
  }
}
