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

  /// An update; the last of an epoch is followed by a look at the validation ratings.
  public func advance() throws -> Report? {
    let network = step / stepsPerNetwork
    loss = loss + update()
    step += 1
    guard step % batchesPerEpoch == 0 else { return nil }
    var report = Report(
      network: network, epoch: (step - 1) % stepsPerNetwork / batchesPerEpoch + 1,
      loss: try Double(loss.host()[0]) / Double(windows.targetCount))
    loss = Tensor([0], shape: [1], on: backend)
    guard isFinite(report) else { throw Diverged() }
    if let validation {
      let scores = try validation.evaluate(GRUScorer([ranker], window: settings.window))
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
    let (epoch, batch) = (step / batchesPerEpoch, step % batchesPerEpoch)
    if drawn?.epoch != epoch {
      drawn = (epoch, windows.windows(epoch: epoch, seed: settings.seed))
    }
    let all = drawn!.windows
    let part = all[
      batch * all.count / batchesPerEpoch..<(batch + 1) * all.count / batchesPerEpoch]
    let sequences = part.map { window in window.rows.map { items[Int($0)] } }
    let places = sequences.enumerated().flatMap { number, sequence in
      (0..<sequence.count - 1).map { (sequence: number, item: $0) }
    }
    // A head's last states are those after the last targets.
    let inputs = SequenceBatch(
      settings.head == nil ? sequences.map { Array($0.dropLast()) } : sequences, at: places,
      on: backend)
    let targets = sequences.flatMap { $0.dropFirst() }
    func key(_ part: Int) -> RandomKey {
      RandomKey(
        seed: settings.seed, stream: Streams.sequenceDropout, counter: UInt64(2 * step + part))
    }
    let tape = Tape(training: ranker.parameters)
    let (states, h) = ranker.states(inputs, (settings.dropout, key(0), key(1)), tape)
    let scored = scores(of: h, targets, tape)
    let loss: Tensor
    if let head = settings.head {
      let found = ranker.headLoss(
        head, h, states, IndexTensor(targets, shape: [targets.count], on: backend),
        transitions(part, inputs.steps), tape)
      let weighed = head.kind == .actorCritic && epoch % settings.epochs >= head.delay
      let entropy = scored.scores.softmaxCrossEntropy(
        scored.targets, weights: weighed ? found.values : nil)
      tape.backward(from: entropy + found.loss.affine(scale: head.weight))
      loss = weighed ? scored.scores.detached.softmaxCrossEntropy(scored.targets) : entropy
    } else {
      loss = scored.scores.softmaxCrossEntropy(scored.targets)
      tape.backward(from: loss)
    }
    optimizer.step(maximumNorm: settings.gradientNorm, rate: 0)
    return loss.detached.affine(scale: Float(places.count))
  }

  /// Scores of all items, or of those that are drawn, and where the targets are among them.
  private func scores(
    of h: Tensor, _ targets: [Int32], _ tape: Tape
  ) -> (scores: Tensor, targets: IndexTensor) {
    func indices(_ values: [Int32]) -> IndexTensor {
      IndexTensor(values, shape: [values.count], on: backend)
    }
    guard let sampled else { return (ranker.scores(of: h, tape), indices(targets)) }
    let batch = sampled.batch(targets, step: step, seed: settings.seed)
    let vectors = ranker.itemVectors(of: indices(batch.items), tape)
    let corrections = Tensor(batch.corrections, shape: [batch.items.count], on: backend)
    return (ranker.scores(of: h, vectors: vectors, tape) + corrections, indices(batch.places))
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
