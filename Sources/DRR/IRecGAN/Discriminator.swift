import DRRCore
import Tensor

/// D, the discriminator, which tells real sessions from simulated ones (Bai, Guan & Wang 2019).
public final class Discriminator {
  public let weights: ParameterSet
  let form: IRecGANConfiguration.DiscriminatorForm
  let encoder: SequenceEncoder
  private let list: Dense?
  private let output: Dense
  private let match: Dense?
  private let rewardGain: Dense?
  private var before: (shape: Shape, rows: IndexTensor)?

  package init(
    _ configuration: IRecGANConfiguration, itemCount: Int, seed: UInt64, on backend: any Backend
  ) {
    let weights = ParameterSet(on: backend, seed: seed, stream: Streams.discriminator)
    let settings = configuration.discriminator
    form = configuration.discriminatorForm
    let (size, units) = (settings.embedding, settings.units)
    let inputs =
      switch form {
      case .lists: size + configuration.listUnits + 1
      case .listless: size + 1
      case .expectation: size
      }
    encoder = SequenceEncoder(
      settings, "discriminator", itemCount: itemCount, inputs: inputs, in: weights)
    list =
      form == .lists
      ? Dense(
        "discriminator.list", configuration.listSize * size, configuration.listUnits, in: weights)
      : nil
    output = Dense(
      "discriminator.output", units, form == .expectation ? size : 1, in: weights)
    match =
      form == .expectation ? Dense("discriminator.match", size, size, in: weights) : nil
    rewardGain =
      form == .expectation
      ? Dense("discriminator.reward", 1, 1, in: weights, weight: .constant(0)) : nil
    self.weights = weights
  }

  /// Logits that sessions are real, [B].
  ///
  /// - Parameters:
  ///   - clicks: [B, T], negative behind a session's end.
  ///   - lists: [B, T, K], negative where there is no item.
  ///   - rewards: [B, T].
  ///   - lengths: [B], steps of each session.
  ///   - part: where they are some of a batch.
  package func logits(
    clicks: IndexTensor, lists: IndexTensor, rewards: Tensor, lengths: IndexTensor,
    dropping keys: (clicks: RandomKey, lists: RandomKey)? = nil, of part: BatchPart? = nil,
    _ tape: Tape? = nil
  ) -> Tensor {
    let (b, t) = (clicks.shape[0], clicks.shape[1])
    let earned = rewards.reshaped([b * t, 1])
    if form == .expectation {
      return expectation(clicks, lists, earned, lengths, keys?.clicks, part, tape)
    }
    var x = encoder.vectors(clicks, keys?.clicks, of: part, tape)
    if let list {
      let width = list.weight.shape[0]
      let shown = encoder.vectors(lists, keys?.lists, of: part, tape).reshaped([b * t, width])
      x = Tensor.concatenating(x, list(shown, tape))
    }
    x = Tensor.concatenating(x, earned)
    let states = encoder.network(x.reshaped([b, t, x.shape[1]]), lengths: lengths, tape).outputs
    return output(states.stepMean(lengths: lengths), tape).reshaped([b])
  }

  /// The mean over steps of (m · c)(w r + b), where m is the item that the state before a click
  /// expects of the list: Σ softmax(p · e / 0.1) e. Two linear layers of one width behind each
  /// other, as the paper's program has them, are one here.
  private func expectation(
    _ clicks: IndexTensor, _ lists: IndexTensor, _ earned: Tensor, _ lengths: IndexTensor,
    _ key: RandomKey?, _ part: BatchPart?, _ tape: Tape?
  ) -> Tensor {
    let (b, t, k) = (clicks.shape[0], clicks.shape[1], lists.shape[2])
    let slates = lists.reshaped([b * t, k])
    let vectors = encoder.vectors(clicks, key, of: part, tape)
    let states = encoder.network(
      vectors.reshaped([b, t, vectors.shape[1]]), lengths: lengths, tape
    ).outputs.reshaped([b * t, encoder.network.units])
    let preference = output(states.rows(at: rowsBefore(b, t, on: clicks.backend)), tape)
    // A step without a list, as the first, expects nothing: its scores are all alike, its values 0.
    let scores = encoder.embedding.scores(of: preference, slates, absent: -1e30, tape)
    let values = encoder.embedding.scores(of: match!(vectors, tape), slates, absent: 0, tape)
    let matched = scores.softmaxExpectation(of: values, temperature: 0.1)
    let gain = rewardGain!(earned, tape).reshaped([b * t]) + 1
    return (matched * gain).reshaped([b, t, 1]).stepMean(lengths: lengths).reshaped([b])
  }

  /// The row of each step's predecessor among [B · T] states; −1 of the first.
  private func rowsBefore(_ b: Int, _ t: Int, on backend: any Backend) -> IndexTensor {
    if let before, before.shape == [b, t] { return before.rows }
    let rows = (0..<b * t).map { Int32($0 % t == 0 ? -1 : $0 - 1) }
    before = ([b, t], IndexTensor(rows, shape: [b * t], on: backend))
    return before!.rows
  }

  /// Binary cross-entropy of sessions of which `labels` says how real they are.
  package func loss(
    _ sessions: SessionRecord, labels: Tensor,
    dropping keys: (clicks: RandomKey, lists: RandomKey)?, of part: BatchPart? = nil,
    _ tape: Tape? = nil
  ) -> (loss: Tensor, logits: Tensor) {
    let logits = logits(
      clicks: sessions.clicks, lists: sessions.lists, rewards: sessions.rewards,
      lengths: sessions.lengths, dropping: keys, of: part, tape)
    return (logits.binaryCrossEntropy(labels), logits.detached)
  }
}
