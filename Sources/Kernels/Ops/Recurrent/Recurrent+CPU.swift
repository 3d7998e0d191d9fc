internal import CLoops

extension CPUBackend {
  public func recurrent(
    _ layout: RecurrentLayout, _ x: Floats, lengths: Indices?, initial: Floats?,
    _ weights: RecurrentWeights, into y: Floats, last: Floats, trace: Floats
  ) {
    guard begin() else { return }
    let op = Sequences(layout, x, lengths, initial, weights, y, trace, "recurrent", self)
    let last = pointer(last, layout.batch * layout.stateWidth, "recurrent", "last")
    let (units, n) = (layout.units, layout.gateWidth)
    withScratch(n + units + op.packedCount) { scratch in
      let (bias, zeros, packed) = (scratch, scratch + n, scratch + n + units)
      zeros.update(repeating: 0, count: units)
      // The bias of a GRU's n stays with its product with h.
      let direct = layout.cell == .lstm ? n : 2 * units
      bias.update(from: op.inputBias, count: n)
      host_axpy(1, op.hiddenBias, bias, Int64(direct))
      flushingSubnormals {
        for block in op.blocks {
          for i in block {
            (op.y + (i * layout.steps + op.length(i)) * units).update(
              repeating: 0, count: (layout.steps - op.length(i)) * units)
          }
          let x = op.packedInputs(block, packed)
          let gates =
            op.isPadded(block)
            ? x + op.present(block) * layout.inputs : op.gates(block.lowerBound, 0)
          product(
            Rows(x, layout.inputs), Rows(op.inputWeights, n), m: op.present(block), n: n,
            k: layout.inputs, bias: bias, into: Rows(gates, n))
          if op.isPadded(block) {
            op.unpack(block, gates, n, into: op.gates(block.lowerBound, 0))
          }
          for step in 0..<op.longest(block) {
            recurrentProduct(op, block, step, direct)
            for i in block where step < op.length(i) { forwardGates(op, i, step, zeros) }
          }
          for i in block { op.finish(i, last: last) }
        }
      }
    }
  }

  /// Adds h_{t−1} · U to the gates of a step.
  private func recurrentProduct(
    _ op: Sequences, _ block: Range<Int>, _ step: Int, _ direct: Int
  ) {
    let layout = op.layout
    let (units, n, first) = (layout.units, layout.gateWidth, block.lowerBound)
    let before = op.hidden(first, before: step)
    let from = Rows(before ?? op.y, step > 0 ? layout.steps * units : layout.stateWidth)
    if before != nil {
      product(
        from, Rows(op.hiddenWeights, n), m: op.active(block, step), n: direct, k: units,
        isAccumulated: true,
        into: Rows(op.gates(first, step), layout.steps * n))
    }
    if layout.cell == .gru {
      product(
        from, Rows(op.hiddenWeights + direct, n), m: op.active(block, step), n: units,
        k: before == nil ? 0 : units, bias: op.hiddenBias + direct,
        into: Rows(op.beside(first, step), layout.steps * units))
    }
  }

  private func forwardGates(
    _ op: Sequences, _ i: Int, _ step: Int, _ zeros: UnsafeMutablePointer<Float>
  ) {
    let (gates, beside, y) = (op.gates(i, step), op.beside(i, step), op.output(i, step))
    let units = Int64(op.layout.units)
    switch op.layout.cell {
    case .lstm: host_lstm_gates(gates, op.cell(i, before: step) ?? zeros, beside, y, units)
    case .gru: host_gru_gates(gates, beside, op.hidden(i, before: step) ?? zeros, y, units)
    }
  }

  public func recurrentBackward(
    _ layout: RecurrentLayout, dy: Floats?, dLast: Floats?, _ x: Floats, lengths: Indices?,
    initial: Floats?, _ weights: RecurrentWeights, y: Floats, trace: Floats, dx: Floats?,
    dInitial: Floats?, gradients: RecurrentWeights?
  ) {
    guard begin() else { return }
    let name: StaticString = "recurrentBackward"
    let op = Sequences(layout, x, lengths, initial, weights, y, trace, name, self)
    let (units, n) = (layout.units, layout.gateWidth)
    let stateCount = layout.batch * layout.stateWidth
    let dy = dy.map { pointer($0, layout.rows * units, name, "dy") }
    let dLast = dLast.map { pointer($0, stateCount, name, "dLast") }
    let dx = dx.map { pointer($0, layout.rows * layout.inputs, name, "dx") }
    let dInitial = dInitial.map { pointer($0, stateCount, name, "dInitial") }
    let gradients = gradients.map { op.pointers($0, name, self) }
    withScratch(BackwardRoom.counts(op).reduce(0, +)) { scratch in
      let room = BackwardRoom(op, scratch, carry: dInitial)
      room.zeros.update(repeating: 0, count: units)
      host_transpose(op.hiddenWeights, room.transposed, Int64(units), Int64(n))
      if let dLast {
        room.carry.update(from: dLast, count: stateCount)
      } else {
        room.carry.update(repeating: 0, count: stateCount)
      }
      flushingSubnormals {
        for block in op.blocks {
          backwardSteps(op, block, dy, room, reachesInitial: dInitial != nil)
          backwardProducts(op, block, room, dx, gradients)
        }
      }
    }
  }

  /// Where a backward pass computes.
  private struct BackwardRoom {
    typealias Pointer = UnsafeMutablePointer<Float>
    let zeros: Pointer
    /// The hidden weights' transpose.
    let transposed: Pointer
    /// What reaches the state of each sequence.
    let carry: Pointer
    /// What h each step began with.
    let before: Pointer
    /// What reaches the product with h: of a GRU, as an LSTM's is what reaches the gates.
    let dzHidden: Pointer
    /// Rows without the steps past a length.
    let packed: Pointer

    /// Numbers of each.
    static func counts(_ op: Sequences) -> [Int] {
      let (layout, rows) = (op.layout, op.blockSize * op.layout.steps)
      return [
        layout.units, layout.units * layout.gateWidth, layout.batch * layout.stateWidth,
        rows * layout.units, layout.cell == .gru ? rows * layout.gateWidth : 0, op.packedCount,
      ]
    }

    /// - Parameter carry: where it is to end up; nil: in the scratch.
    init(_ op: Sequences, _ scratch: Pointer, carry: Pointer?) {
      let counts = Self.counts(op)
      zeros = scratch
      transposed = zeros + counts[0]
      self.carry = carry ?? transposed + counts[1]
      before = transposed + counts[1] + counts[2]
      dzHidden = before + counts[3]
      packed = dzHidden + counts[4]
    }
  }

  /// From the last step of a block to its first: what reaches the gates, and the states before.
  private func backwardSteps(
    _ op: Sequences, _ block: Range<Int>, _ dy: UnsafeMutablePointer<Float>?,
    _ room: BackwardRoom, reachesInitial: Bool
  ) {
    let layout = op.layout
    let (steps, units, n, first) = (layout.steps, layout.units, layout.gateWidth, block.lowerBound)
    let isGRU = layout.cell == .gru
    let hidden = isGRU ? room.dzHidden : op.gates(first, 0)
    if isGRU { room.dzHidden.update(repeating: 0, count: block.count * steps * n) }
    for step in (0..<op.longest(block)).reversed() {
      for i in block where step < op.length(i) {
        let slope = dy.map { $0 + (i * steps + step) * units } ?? room.zeros
        backwardGates(
          op, i, step, slope, room.carry + i * layout.stateWidth,
          room.dzHidden + ((i - first) * steps + step) * n, room.zeros)
      }
      guard step > 0 || reachesInitial else { continue }
      product(
        Rows(hidden + step * n, steps * n), Rows(room.transposed, units),
        m: op.active(block, step), n: units, k: n, isAccumulated: true,
        into: Rows(room.carry + first * layout.stateWidth, layout.stateWidth))
    }
  }

  /// What reaches the inputs and the weights of a block from its gates, without the steps that are
  /// past a length.
  private func backwardProducts(
    _ op: Sequences, _ block: Range<Int>, _ room: BackwardRoom,
    _ dx: UnsafeMutablePointer<Float>?, _ gradients: Sequences.Gradients?
  ) {
    let layout = op.layout
    let (units, n, first) = (layout.units, layout.gateWidth, block.lowerBound)
    let (isPadded, present) = (op.isPadded(block), op.present(block))
    let start = op.gates(first, 0)
    let dz = Rows(isPadded ? op.pack(block, start, n, into: room.packed) : start, n)
    let rest = room.packed + (isPadded ? present * n : 0)
    if let dx {
      let to = dx + first * layout.steps * layout.inputs
      denseInputGradient(
        dz, Rows(op.inputWeights, n), m: present, k: layout.inputs, n: n,
        into: Rows(isPadded ? rest : to, layout.inputs))
      if isPadded { op.unpack(block, rest, layout.inputs, into: to) }
    }
    guard let gradients else { return }
    denseWeightGradient(
      Rows(op.packedInputs(block, rest), layout.inputs), dz, m: present, k: layout.inputs, n: n,
      dw: Rows(gradients.input, n), db: gradients.inputBias)
    let isGRU = layout.cell == .gru
    if isGRU, isPadded { op.pack(block, room.dzHidden, n, into: room.dzHidden) }
    op.packHidden(block, into: room.before)
    denseWeightGradient(
      Rows(room.before, units), isGRU ? Rows(room.dzHidden, n) : dz, m: present, k: units, n: n,
      dw: Rows(gradients.hidden, n), db: gradients.hiddenBias)
  }

  private func backwardGates(
    _ op: Sequences, _ i: Int, _ step: Int, _ dy: UnsafeMutablePointer<Float>,
    _ carry: UnsafeMutablePointer<Float>, _ dzHidden: UnsafeMutablePointer<Float>,
    _ zeros: UnsafeMutablePointer<Float>
  ) {
    let (gates, beside, units) = (op.gates(i, step), op.beside(i, step), op.layout.units)
    switch op.layout.cell {
    case .lstm:
      host_lstm_gates_backward(
        carry, carry + units, dy, gates, op.cell(i, before: step) ?? zeros, beside, Int64(units))
    case .gru:
      host_gru_gates_backward(
        carry, dy, gates, beside, op.hidden(i, before: step) ?? zeros, dzHidden, Int64(units))
    }
  }

  /// The operands of one call.
  private struct Sequences {
    typealias Pointer = UnsafeMutablePointer<Float>
    let layout: RecurrentLayout
    let x: Pointer
    let y: Pointer
    let inputWeights: Pointer
    let hiddenWeights: Pointer
    let inputBias: Pointer
    let hiddenBias: Pointer
    private let trace: Pointer
    private let initial: Pointer?
    private let lengths: UnsafeMutablePointer<Int32>?

    init(
      _ layout: RecurrentLayout, _ x: Floats, _ lengths: Indices?, _ initial: Floats?,
      _ weights: RecurrentWeights, _ y: Floats, _ trace: Floats, _ op: StaticString,
      _ backend: CPUBackend
    ) {
      self.layout = layout
      let (batch, units, n) = (layout.batch, layout.units, layout.gateWidth)
      self.x = backend.pointer(x, layout.rows * layout.inputs, op, "x")
      self.lengths = lengths.map { backend.pointer($0, batch, op, "lengths") }
      self.initial = initial.map { backend.pointer($0, batch * layout.stateWidth, op, "initial") }
      self.y = backend.pointer(y, layout.rows * units, op, "y")
      self.trace = backend.pointer(trace, layout.traceCount, op, "trace")
      inputWeights = backend.pointer(weights.input, layout.inputs * n, op, "input weights")
      hiddenWeights = backend.pointer(weights.hidden, units * n, op, "hidden weights")
      inputBias = backend.pointer(weights.inputBias, n, op, "input bias")
      hiddenBias = backend.pointer(weights.hiddenBias, n, op, "hidden bias")
    }

    typealias Gradients = (
      input: Pointer, hidden: Pointer, inputBias: Pointer, hiddenBias: Pointer
    )

    func pointers(
      _ gradients: RecurrentWeights, _ op: StaticString, _ backend: CPUBackend
    ) -> Gradients {
      let n = layout.gateWidth
      return (
        backend.pointer(gradients.input, layout.inputs * n, op, "input gradients"),
        backend.pointer(gradients.hidden, layout.units * n, op, "hidden gradients"),
        backend.pointer(gradients.inputBias, n, op, "input bias gradients"),
        backend.pointer(gradients.hiddenBias, n, op, "hidden bias gradients")
      )
    }

    /// Sequences that go through all steps before the next: as many as keep their gates within
    /// 1 MiB, which stays in cache, and at least 32, which share what is loaded of the weights.
    var blockSize: Int {
      min(layout.batch, max(32, 1 << 18 / (layout.steps * layout.gateWidth)))
    }

    var blocks: [Range<Int>] {
      stride(from: 0, to: layout.batch, by: blockSize).map {
        $0..<min($0 + blockSize, layout.batch)
      }
    }

    func length(_ i: Int) -> Int {
      lengths.map { min(max(Int($0[i]), 0), layout.steps) } ?? layout.steps
    }

    /// Sequences of the block up to the last that has this step.
    func active(_ block: Range<Int>, _ step: Int) -> Int {
      (block.last { length($0) > step } ?? block.lowerBound - 1) + 1 - block.lowerBound
    }

    func longest(_ block: Range<Int>) -> Int { block.map(length).max() ?? 0 }

    func gates(_ i: Int, _ step: Int) -> Pointer {
      trace + (i * layout.steps + step) * layout.gateWidth
    }

    /// The cell of an LSTM, the recurrent part of a GRU's n.
    func beside(_ i: Int, _ step: Int) -> Pointer {
      trace + layout.rows * layout.gateWidth + (i * layout.steps + step) * layout.units
    }

    func output(_ i: Int, _ step: Int) -> Pointer { y + (i * layout.steps + step) * layout.units }

    /// Nil for a state of zeros.
    func hidden(_ i: Int, before step: Int) -> Pointer? {
      step > 0 ? output(i, step - 1) : initial.map { $0 + i * layout.stateWidth }
    }

    func cell(_ i: Int, before step: Int) -> Pointer? {
      step > 0 ? beside(i, step - 1) : initial.map { $0 + i * layout.stateWidth + layout.units }
    }

    /// The last state, and zeros behind a length.
    func finish(_ i: Int, last: Pointer) {
      let (length, units) = (length(i), layout.units)
      let last = last + i * layout.stateWidth
      if let hidden = hidden(i, before: length) {
        last.update(from: hidden, count: units)
        if layout.cell == .lstm {
          (last + units).update(from: cell(i, before: length)!, count: units)
        }
      } else {
        last.update(repeating: 0, count: layout.stateWidth)
      }
      let rest = layout.steps - length
      gates(i, length).update(repeating: 0, count: rest * layout.gateWidth)
      beside(i, length).update(repeating: 0, count: rest * units)
    }

    /// Steps of the block's sequences that there are.
    func present(_ block: Range<Int>) -> Int { block.reduce(0) { $0 + length($1) } }

    func isPadded(_ block: Range<Int>) -> Bool { present(block) < block.count * layout.steps }

    /// Room for a block's gates and inputs where some of its steps may be missing.
    var packedCount: Int {
      lengths == nil ? 0 : blockSize * layout.steps * (layout.gateWidth + layout.inputs)
    }

    /// The block's rows of steps that there are, one behind the other.
    @discardableResult
    func pack(_ block: Range<Int>, _ rows: Pointer, _ width: Int, into packed: Pointer) -> Pointer {
      var to = packed
      for i in block {
        let count = length(i) * width
        to.update(from: rows + (i - block.lowerBound) * layout.steps * width, count: count)
        to += count
      }
      return packed
    }

    /// Packed rows back to their places, zeros past a length.
    func unpack(_ block: Range<Int>, _ packed: Pointer, _ width: Int, into rows: Pointer) {
      var from = packed
      for i in block {
        let (to, count) = (rows + (i - block.lowerBound) * layout.steps * width, length(i) * width)
        to.update(from: from, count: count)
        (to + count).update(repeating: 0, count: layout.steps * width - count)
        from += count
      }
    }

    /// The block's inputs without those past a length, copied where there are any.
    func packedInputs(_ block: Range<Int>, _ packed: Pointer) -> Pointer {
      let rows = x + block.lowerBound * layout.steps * layout.inputs
      return isPadded(block) ? pack(block, rows, layout.inputs, into: packed) : rows
    }

    /// What h each step began with, one behind the other.
    func packHidden(_ block: Range<Int>, into before: Pointer) {
      let units = layout.units
      var to = before
      for i in block where length(i) > 0 {
        if let start = hidden(i, before: 0) {
          to.update(from: start, count: units)
        } else {
          to.update(repeating: 0, count: units)
        }
        (to + units).update(from: output(i, 0), count: (length(i) - 1) * units)
        to += length(i) * units
      }
    }
  }
}
