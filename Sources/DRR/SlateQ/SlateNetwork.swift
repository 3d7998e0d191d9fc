import DRRCore
import Environments
import Tensor

/// Two networks over a document before a user, and what a slate is worth by them:
///
/// - SlateQ (Ie et al. 2019): q, what follows if a document is chosen, and c, the logit with which it
///   is, both learned from what was shown and chosen. Choosing none is one more document.
/// - Deep Q-learning: q alone, of what is shown.
/// - Policy gradient: q of choosing none is V of the user, and c the logit of the policy.
///
/// Where the latest steps are read, a GRU makes of them what both see beside the document.
///
/// Confined to the task that holds the backend.
package final class SlateNetwork {
  package let learner: SlateLearner
  package let parameters: ParameterSet
  private let values: MLP
  private let choices: MLP?
  private let past: GRU?
  /// M, numbers of an input.
  package let inputWidth: Int
  /// F, numbers of a step; nil where none is read.
  package var stepWidth: Int? { past?.layers[0].inputWeight.shape[0] }
  private let entropyWeight: Float
  private let weightCap: Float
  /// Of rows of so many users with so many places each, the user.
  private var owners: [[Int]: IndexTensor] = [:]

  package init(
    _ configuration: SlateQConfiguration, inputs width: Int, stepWidth: Int, seed: UInt64,
    on backend: any Backend
  ) {
    let c = configuration
    (learner, entropyWeight, weightCap) = (c.learner, c.entropyWeight, c.weightCap)
    inputWidth = width
    parameters = ParameterSet(on: backend, seed: seed, stream: Streams.slateQ)
    let sizes = [width + (c.window > 0 ? c.units : 0), c.hidden, c.hidden, 1]
    values = Self.network("value", sizes, in: parameters)
    choices = learner == .dqn ? nil : Self.network("choice", sizes, in: parameters)
    past = c.window > 0 ? GRU("past", inputs: stepWidth, units: c.units, in: parameters) : nil
  }

  /// Layers of small weights, U(±½ / √inputs), a 24th of He's variance. What is seldom shown is
  /// valued by what is like it: a rough function to begin with tells documents apart at random, and
  /// those that it puts down are not shown again.
  private static func network(_ name: String, _ sizes: [Int], in set: ParameterSet) -> MLP {
    MLP(
      zip(sizes, sizes.dropFirst()).enumerated().map { place, layer in
        let bound = 0.5 / Float(layer.0).squareRoot()
        return Dense(
          "\(name).\(place)", layer.0, layer.1, place < sizes.count - 2 ? .relu : .identity,
          in: set, weight: .uniform(low: -bound, high: bound))
      })
  }

  /// What the GRU makes of the latest steps, [users, window · F]; nil where nobody reads them.
  private func summary(_ steps: Tensor?, _ tape: Tape?) -> Tensor? {
    guard let past, let steps, let stepWidth else { return nil }
    let (users, window) = (steps.shape[0], steps.shape[1] / stepWidth)
    return past(steps.reshaped([users, window, stepWidth]), tape).last.hidden
  }

  /// Inputs [users · places, M] with the summary of their user beside them.
  private func join(_ inputs: Tensor, _ summary: Tensor?) -> Tensor {
    guard let summary else { return inputs }
    let (rows, users) = (inputs.shape[0], summary.shape[0])
    if rows == users { return Tensor.concatenating(inputs, summary) }
    let owner =
      owners[[rows, users]]
      ?? IndexTensor(
        (0..<Int32(rows)).map { $0 / Int32(rows / users) }, shape: [rows], on: inputs.backend)
    owners[[rows, users]] = owner
    return Tensor.concatenating(inputs, summary.rows(at: owner))
  }

  /// q and c of inputs [users · places, M], [users · places] each.
  func scores(_ inputs: Tensor, past: Tensor?) -> (values: Tensor, logits: Tensor?) {
    let x = join(inputs, summary(past, nil))
    let rows = inputs.shape[0]
    return (values(x, nil).reshaped([rows]), choices?(x, nil).reshaped([rows]))
  }

  /// What a batch came to before its update.
  package struct Losses {
    /// Of q or V: mean (q − G)².
    package var value: Tensor
    /// Of c; nil where there is none.
    package var choice: Tensor?
    /// q of what was chosen or shown, or V, [rows], in the network's unit.
    package var values: Tensor
  }

  /// The gradients of what is to be small, and the losses.
  package func losses(_ batch: SlateRing.Batch) -> Losses {
    let tape = Tape(training: parameters)
    let summary = summary(batch.past, tape)
    let estimates = estimates(batch, summary, tape)
    let value = estimates.squaredError(batch.returns.reshaped(estimates.shape))
    let choice: Tensor? =
      switch learner {
      case .slateq: choiceLoss(batch, summary, tape)
      case .dqn: nil
      case .pg: policyLoss(batch, summary, tape)
      }
    tape.backward(from: choice.map { value + $0 } ?? value)
    return Losses(value: value.detached, choice: choice?.detached, values: estimates.detached)
  }

  /// Of what was chosen; of all that was shown; of the user. [rows].
  private func estimates(_ batch: SlateRing.Batch, _ summary: Tensor?, _ tape: Tape) -> Tensor {
    let valued = batch.returns.shape[1]
    let rows = batch.steps * valued
    let inputs = batch.records.columns(0..<valued * inputWidth).reshaped([rows, inputWidth])
    return values(join(inputs, summary), tape).reshaped([rows])
  }

  /// −log of the probability that what was chosen was, among the slate and none.
  private func choiceLoss(_ batch: SlateRing.Batch, _ summary: Tensor?, _ tape: Tape) -> Tensor {
    logits(batch.records, summary, tape).softmaxCrossEntropy(batch.first)
  }

  /// −A min(π / β, c) log π of the slates that were drawn, A = G − V before the update, less what the
  /// entropy of the first place weighs. The weight is capped as in Chen et al. 2019, section 4.4.
  private func policyLoss(_ batch: SlateRing.Batch, _ summary: Tensor?, _ tape: Tape) -> Tensor {
    let play = batch.play!
    let all = batch.records.shape[1]
    let logits = logits(batch.records.columns(inputWidth..<all), summary, tape)
    let n = logits.shape[1]
    // In each place but the first, what stands before it is barred.
    let places = (0..<play.picks.shape[1]).map { place in
      let picks = play.picks.column(place)
      guard place > 0 else { return (logits, picks) }
      return (logits + play.barred!.columns((place - 1) * n..<place * n), picks)
    }
    let logPi = places.dropFirst().reduce(places[0].0.logProbabilities(of: places[0].1)) {
      $0 + $1.0.logProbabilities(of: $1.1)
    }
    let ratio = (logPi - play.logBeta).exp()
    // min(x, c) = c − relu(c − x)
    let weights =
      play.advantages
      * ratio.affine(scale: -1, shift: weightCap).relu().affine(scale: -1, shift: weightCap)
    let loss = places.dropFirst().reduce(
      places[0].0.softmaxCrossEntropy(places[0].1, weights: weights)
    ) { $0 + $1.0.softmaxCrossEntropy($1.1, weights: weights) }
    guard entropyWeight > 0 else { return loss }
    // H = log Z − E_π[logit], log Z = logit_a − log π(a).
    let entropy =
      logits.softmaxCrossEntropy(play.picks.column(0))
      + (logits.picked(play.picks.column(0))
      - logits.softmaxExpectation(of: logits, temperature: 1)).mean()
    return loss - entropyWeight * entropy
  }

  /// c of the inputs in records [steps, places · M], [steps, places].
  private func logits(_ records: Tensor, _ summary: Tensor?, _ tape: Tape) -> Tensor {
    let (steps, places) = (records.shape[0], records.shape[1] / inputWidth)
    let x = join(records.reshaped([steps * places, inputWidth]), summary)
    return choices!(x, tape).reshaped([steps, places])
  }
}
