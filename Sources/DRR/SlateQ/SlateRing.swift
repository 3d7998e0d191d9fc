import Tensor

/// The latest steps of all users, on the device: what a network learns from.
package final class SlateRing {
  /// Steps that follow each other, on the host.
  struct Steps {
    /// [T, places · M], inputs: what is valued first.
    var records: [Float] = []
    /// [T, window · F]; empty where nobody reads it.
    var past: [Float] = []
    /// [T, K], what was shown; empty where the policy itself is not learned.
    var picks: [Int32] = []
    /// [T], log of the probability with which it was.
    var logBeta: [Float] = []
  }

  /// Steps in any order, on the device.
  package struct Batch {
    /// [steps, places · M].
    let records: Tensor
    /// [steps, valued], G in the networks' unit, of each of the first inputs.
    let returns: Tensor
    /// [steps, window · F].
    let past: Tensor?
    /// [steps], zeros.
    let first: IndexTensor
    let play: Play?

    package init(
      records: Tensor, returns: Tensor, past: Tensor?, first: IndexTensor, play: Play?
    ) {
      (self.records, self.returns, self.past) = (records, returns, past)
      (self.first, self.play) = (first, play)
    }

    var steps: Int { records.shape[0] }
  }

  /// How slates were drawn.
  package struct Play {
    /// [steps, K], the documents in their order.
    let picks: IndexTensor
    /// [steps, (K − 1) N], −10⁹ at what stands in an earlier place, else 0; nil for one place.
    let barred: Tensor?
    /// [steps], log β.
    let logBeta: Tensor
    /// [steps], A.
    let advantages: Tensor

    package init(picks: IndexTensor, barred: Tensor?, logBeta: Tensor, advantages: Tensor) {
      (self.picks, self.barred) = (picks, barred)
      (self.logBeta, self.advantages) = (logBeta, advantages)
    }
  }

  private let capacity: Int
  private let candidates: Int
  private let records: Tensor
  private let returns: Tensor
  private let past: Tensor?
  private let first: IndexTensor
  private let picks: IndexTensor?
  private let barred: Tensor?
  /// [C, 2], log β and A.
  private let draws: Tensor?

  /// Places for all that is kept.
  init(_ configuration: SlateQConfiguration, _ inputs: SlateInputs, on backend: any Backend) {
    let (c, layout) = (configuration, inputs.layout)
    let (n, k) = (layout.candidates, layout.slate)
    func tensor(_ width: Int) -> Tensor? {
      width > 0 ? Tensor(repeating: 0, shape: [c.capacity, width], on: backend) : nil
    }
    (capacity, candidates) = (c.capacity, n)
    records = tensor(c.learner.places(layout) * inputs.width)!
    returns = tensor(c.learner.valued(layout))!
    past = tensor(inputs.window * inputs.stepWidth)
    first = IndexTensor(repeating: 0, shape: [c.batchSize], on: backend)
    let isDrawn = c.learner == .pg
    picks = isDrawn ? IndexTensor(repeating: 0, shape: [c.capacity, k], on: backend) : nil
    barred = isDrawn ? tensor((k - 1) * n) : nil
    draws = isDrawn ? tensor(2) : nil
  }

  /// Puts steps behind a slot.
  ///
  /// - Parameters:
  ///   - returns: [T], G in the networks' unit.
  ///   - advantages: [T], A, where the policy itself is learned.
  func write(_ steps: Steps, returns: [Float], advantages: [Float], at slot: Int) {
    func put(_ numbers: [Float], _ tensor: Tensor?) {
      guard let tensor else { return }
      let start = slot * tensor.shape[1]
      tensor.backend.write(numbers, to: tensor.view[start..<start + numbers.count])
    }
    let valued = self.returns.shape[1]
    put(steps.records, records)
    put(steps.past, past)
    put(returns.flatMap { Array(repeating: $0, count: valued) }, self.returns)
    guard let picks else { return }
    let k = picks.shape[1]
    picks.backend.write(
      steps.picks, to: picks.view[slot * k..<slot * k + steps.picks.count])
    put(zip(steps.logBeta, advantages).flatMap { [$0, $1] }, draws)
    guard barred != nil else { return }
    var bars = [Float](repeating: 0, count: returns.count * (k - 1) * candidates)
    for step in returns.indices {
      for place in 1..<k {
        let start = (step * (k - 1) + place - 1) * candidates
        for earlier in 0..<place { bars[start + Int(steps.picks[step * k + earlier])] = -1e9 }
      }
    }
    put(bars, barred)
  }

  /// Steps by number, [batch].
  func batch(at index: IndexTensor) -> Batch {
    let draws = draws?.detachedRows(at: index)
    let steps = index.shape[0]
    return Batch(
      records: records.detachedRows(at: index), returns: returns.detachedRows(at: index),
      past: past?.detachedRows(at: index), first: first[0..<steps],
      play: picks.map {
        Play(
          picks: $0.rows(at: index), barred: barred?.detachedRows(at: index),
          logBeta: draws!.columns(0..<1).reshaped([steps]),
          advantages: draws!.columns(1..<2).reshaped([steps]))
      })
  }

  private var stored: [(String, Tensor)] {
    [
      ("records", records), ("returns", returns), ("past", past), ("barred", barred),
      ("draws", draws),
    ].compactMap { name, tensor in tensor.map { (name, $0) } }
  }

  func save(to file: inout SafetensorsWriter, _ prefix: String) throws {
    for (name, tensor) in stored {
      try file.add("\(prefix).\(name)", tensor.host(), shape: tensor.shape.array)
    }
    if let picks { try file.add("\(prefix).picks", picks.host(), shape: picks.shape.array) }
  }

  func prepareRestore(from file: SafetensorsFile, _ prefix: String) throws -> () -> Void {
    let found = try stored.map { name, tensor in
      (try file.floats("\(prefix).\(name)", shape: tensor.shape.array), tensor)
    }
    let chosen = try picks.map {
      try file.int32s("\(prefix).picks", .below(candidates), shape: $0.shape.array)
    }
    return { [self] in
      for (numbers, tensor) in found { tensor.backend.write(numbers, to: tensor.view) }
      if let picks, let chosen { picks.backend.write(chosen, to: picks.view) }
    }
  }
}
