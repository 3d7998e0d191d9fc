import DRRCore
import DRRData
import Evaluation
import Tensor

/// Trains the networks of a run one after another, each by Adam on the cross-entropy of what came
/// next, until NDCG@10 on the validation ratings rises no more. Of each the weights of its best
/// epoch are kept; of the last one where nothing is held out for validation.
///
/// A step is an update. Every draw is known from the seed and the step.
public final class GRUTrainer: Trainer {
  /// A line of the metrics: an epoch.
  public struct Report: Codable, Hashable, Sendable {
    /// The number of the network, from 0.
    public var network: Int
    /// Its epochs so far.
    public var epoch: Int
    /// Mean cross-entropy of the epoch's targets, in nats, under dropout; over the items that were
    /// drawn where some are.
    public var loss: Double
    /// HR@10 on the validation ratings; nil where there are none.
    public var hitRate: Double?
    /// NDCG@10 there.
    public var ndcg: Double?
  }

  /// The best epoch of a network.
  struct Kept {
    var report: Report
    var weights: ParameterSet
  }

  /// The network, and how it is trained.
  public let settings: GRUConfiguration
  /// The best epochs of the networks so far.
  public var best: [Report] { kept.map(\.report) }
  /// Updates so far; those that a network was spared by its patience are counted.
  public internal(set) var step = 0
  private let itemCount: Int
  private let items: [Int32]
  private let windows: TrainingWindows
  private let sampled: SampledItems?
  /// By row of the log; empty without a head.
  private let rewards: [Float]
  let validation: NextItemEvaluation?
  let backend: any Backend
  /// Who share the validation ratings, and who compute the gradients of batches.
  private var ranks: any Collective = SoleCollective()
  private var sharing = SharedUpdates()
  package internal(set) var ranker: GRURanker
  var optimizer: Adam
  /// Σ loss · targets of the epoch.
  var loss: Tensor
  var kept: [Kept] = []
  /// The sequences of the epoch under way.
  private var drawn: (epoch: Int, windows: [TrainingWindows.Window])?

  /// A trainer at step 0.
  ///
  /// - Throws: `ConfigurationError` where the log has nothing to learn from.
  public init(
    _ run: GRURunConfiguration, _ log: RatingsLog, _ split: UserSplit, on backend: any Backend
  ) throws {
    try run.validate()
    try split.requireTimes()
    settings = run.settings
    itemCount = log.itemCount
    items = log.items
    sampled = settings.negatives.map {
      SampledItems(ItemStatistics(log, split, scale: run.scale).counts, count: $0)
    }
    rewards =
      settings.head?.rewards(
        log.counted(split, on: run.scale), split, scale: run.scale, seed: settings.seed) ?? []
    windows = try TrainingWindows(log, split, window: settings.window)
    let hasValidation = split.validationUsers.contains { user in
      split.rows(of: Int(user), in: log).dropFirst().contains {
        split.heldOut(row: $0) == .validation
      }
    }
    validation =
      hasValidation ? try NextItemEvaluation(log, split, scale: run.scale, of: .validation) : nil
    self.backend = backend
    (ranker, optimizer) = Self.network(0, settings, itemCount, backend)
    loss = Tensor([0], shape: [1], on: backend)
  }

  private static func network(
    _ number: Int, _ settings: GRUConfiguration, _ itemCount: Int, _ backend: any Backend
  ) -> (ranker: GRURanker, optimizer: Adam) {
    let ranker = GRURanker(
      settings, itemCount: itemCount, seed: settings.seed, network: number, on: backend)
    return (
      ranker, Adam(ranker.parameters, learningRate: settings.learningRate, beta2: 0.98)
    )
  }

  /// As a network of that number begins.
  func network(_ number: Int) -> (ranker: GRURanker, optimizer: Adam) {
    Self.network(number, settings, itemCount, backend)
  }

  var batchesPerEpoch: Int {
    min(max((windows.targetCount + settings.batchSize / 2) / settings.batchSize, 1), windows.count)
  }
  var stepsPerNetwork: Int { settings.epochs * batchesPerEpoch }
  public var steps: Int { settings.networks * stepsPerNetwork }

  /// Sets the ranks, each of which learns from a part of every batch and is asked for a part of the
  /// validation ratings; all draw alike.
  ///
  /// - Throws: `ConfigurationError` where they cannot share the parts of a batch evenly.
  public func share(among ranks: any Collective) throws -> SharedUpdates? {
    sharing = try SharedUpdates(ranks, parts: settings.batchParts)
    self.ranks = ranks
    return sharing
  }

  /// An update; the last of an epoch is followed by a look at the validation ratings.
  public func advance() throws -> Report? {
    let network = step / stepsPerNetwork
    loss = loss + update()
    step += 1
    guard step % batchesPerEpoch == 0 else { return nil }
    try sharing.check()
    var report = Report(
      network: network, epoch: (step - 1) % stepsPerNetwork / batchesPerEpoch + 1,
      loss: try Double(loss.host()[0]) / Double(windows.targetCount))
    loss = Tensor([0], shape: [1], on: backend)
    guard isFinite(report) else { throw Diverged() }
    if let validation {
      let scores = try validation.evaluate(
        GRUScorer([ranker], window: settings.window), among: ranks)
      (report.hitRate, report.ndcg) = (scores.mean(.hit, at: 10), scores.mean(.gain, at: 10))
    }
    keep(report)
    if report.epoch - kept[network].report.epoch >= settings.patience {
      step = (network + 1) * stepsPerNetwork
    }
    if step == (network + 1) * stepsPerNetwork, step < steps {
      (ranker, optimizer) = self.network(network + 1)
    }
    return report
  }

  /// Σ of the batch's losses, once the weights have moved along their gradient.
  private func update() -> Tensor {
    let batch = batch()
    let update = sharing.update(
      ranker.parameters, rows: batch.windows.count, by: sharing.split(batch.work)
    ) { learn(batch, $0) }
    optimizer.step(maximumNorm: settings.gradientNorm, rate: 0)
    return update.loss.affine(scale: Float(batch.targets.count))
  }

  /// What an update learns from.
  private struct Batch {
    let windows: [TrainingWindows.Window]
    /// Items of the longest of them.
    let longest: Int
    /// Targets of each.
    let work: [Int]
    /// One window's behind the other's.
    let targets: [Int32]
    /// Items that the loss is over; nil: all.
    let sampled: SampledItems.Batch?
  }

  /// The batch of the step.
  private func batch() -> Batch {
    let (epoch, batch) = (step / batchesPerEpoch, step % batchesPerEpoch)
    if drawn?.epoch != epoch {
      drawn = (epoch, windows.windows(epoch: epoch, seed: settings.seed))
    }
    let all = drawn!.windows
    let own = Array(
      all[batch * all.count / batchesPerEpoch..<(batch + 1) * all.count / batchesPerEpoch])
    let work = own.map { $0.rows.count - 1 }
    let targets = own.flatMap { window in window.rows.dropFirst().map { items[Int($0)] } }
    return Batch(
      windows: own, longest: work.max()! + 1, work: work, targets: targets,
      sampled: sampled?.batch(targets, step: step, seed: settings.seed))
  }

  /// Adds the gradient of the mean loss of some of a batch's windows.
  private func learn(_ batch: Batch, _ rows: Range<Int>) -> SharedUpdates.Part {
    let first = batch.work[..<rows.lowerBound].reduce(0, +)
    let own = first..<first + batch.work[rows].reduce(0, +)
    let windows = batch.windows[rows]
    let sequences = windows.map { window in window.rows.map { items[Int($0)] } }
    let places = sequences.enumerated().flatMap { number, sequence in
      (0..<sequence.count - 1).map { (sequence: number, item: $0) }
    }
    // A head's last states are those after the last targets.
    let hasLast = settings.head != nil
    let inputs = SequenceBatch(
      hasLast ? sequences : sequences.map { Array($0.dropLast()) }, at: places,
      steps: batch.longest - (hasLast ? 0 : 1), on: backend)
    func key(_ part: Int) -> RandomKey {
      RandomKey(
        seed: settings.seed, stream: Streams.sequenceDropout, counter: UInt64(2 * step + part))
    }
    let part = (
      sequences: BatchPart(rows, of: batch.windows.count),
      places: BatchPart(own, of: batch.targets.count)
    )
    let tape = Tape(training: ranker.parameters)
    let (states, h) = ranker.states(inputs, (settings.dropout, key(0), key(1)), of: part, tape)
    let scored = scores(of: h, batch, own, tape)
    let loss: Tensor
    if let head = settings.head {
      let found = ranker.headLoss(
        head, h, states, indices(batch.targets[own]), transitions(windows, inputs.steps), tape)
      let weighed =
        head.kind == .actorCritic && step / batchesPerEpoch % settings.epochs >= head.delay
      let entropy = scored.scores.softmaxCrossEntropy(
        scored.targets, weights: weighed ? found.values : nil)
      tape.backward(from: entropy + found.loss.affine(scale: head.weight))
      loss = weighed ? scored.scores.detached.softmaxCrossEntropy(scored.targets) : entropy
    } else {
      loss = scored.scores.softmaxCrossEntropy(scored.targets)
      tape.backward(from: loss)
    }
    return .init(loss.detached, weight: Float(own.count) / Float(batch.targets.count))
  }

  private func indices(_ values: ArraySlice<Int32>) -> IndexTensor {
    IndexTensor(Array(values), shape: [values.count], on: backend)
  }

  /// Scores of all items, or of those that are drawn, and where some of the targets are among them.
  private func scores(
    of h: Tensor, _ batch: Batch, _ own: Range<Int>, _ tape: Tape
  ) -> (scores: Tensor, targets: IndexTensor) {
    guard let sampled = batch.sampled else {
      return (ranker.scores(of: h, tape), indices(batch.targets[own]))
    }
    let vectors = ranker.itemVectors(of: indices(sampled.items[...]), tape)
    let corrections = Tensor(sampled.corrections, shape: [sampled.items.count], on: backend)
    return (
      ranker.scores(of: h, vectors: vectors, tape) + corrections, indices(sampled.places[own])
    )
  }

  /// - Parameter steps: of the longest sequence.
  private func transitions(
    _ windows: ArraySlice<TrainingWindows.Window>, _ steps: Int
  ) -> Transitions {
    var (next, outcomes, counts) = ([Int32](), [Float](), [Float]())
    for (number, window) in windows.enumerated() {
      for item in 1..<window.rows.count {
        next.append(Int32(number * steps + item))
        outcomes.append(rewards[Int(window.rows[item])])
        outcomes.append(window.ends && item == window.rows.count - 1 ? 0 : 1)
        counts.append(Float(item) / Float(settings.window))
      }
    }
    var random = Philox(seed: settings.seed, stream: Streams.sequenceCoins &+ UInt64(step) << 8)
    return Transitions(
      next: IndexTensor(next, shape: [next.count], on: backend),
      outcomes: Tensor(outcomes, shape: [next.count, 2], on: backend),
      counts: Tensor(counts, shape: [next.count], on: backend),
      coin: Bool.random(using: &random))
  }

  private func keep(_ report: Report) {
    if report.network == kept.count {
      kept.append(Kept(report: report, weights: ranker.parameters.copy()))
    } else if report.ndcg ?? .infinity > kept[report.network].report.ndcg ?? 0 {
      kept[report.network] = Kept(report: report, weights: ranker.parameters.copy())
    }
  }

  public func summary(of report: Report) -> String {
    ", cross-entropy \(decimal(report.loss, 3))"
      + (report.ndcg.map { ", NDCG@10 \(decimal($0, 4))" } ?? "")
  }

  public func isFinite(_ report: Report) -> Bool { report.loss.isFinite }
  public func isFinite() throws -> Bool { try ranker.parameters.isFinite() }
}
