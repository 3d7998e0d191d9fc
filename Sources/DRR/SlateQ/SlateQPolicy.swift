import DRRCore
import Environments
import Tensor

extension SlateQ {
  /// The weights and values of what each user is offered.
  ///
  /// - Parameters:
  ///   - offered: [users (N + 1), M].
  ///   - unit: what q is measured in.
  /// - Throws: `BackendError` if the device fails; `Diverged` where q or c are no numbers.
  func choices(_ offered: Tensor, users: Int, unit: Float) throws -> [SlateChoice] {
    let (values, logits) = scores(offered)
    let pending = (values.startHost(), logits.startHost())
    let (q, c) = (try pending.0.wait(), try pending.1.wait())
    guard q.allSatisfy(\.isFinite), c.allSatisfy(\.isFinite) else { throw Diverged() }
    let places = q.count / users
    return (0..<users).map { user in
      let range = user * places..<(user + 1) * places
      return SlateChoice(logits: c[range], values: q[range].map { $0 * unit }[...])
    }
  }
}

/// A network that plays one batch of episodes: it remembers each.
package struct SlateQPlayer {
  private let network: SlateQ
  private let configuration: SlateQConfiguration
  private let inputs: SlateInputs
  private let unit: Float
  private var traces: SessionTraces
  private var offered: [Float]
  /// Of the step before.
  private var slates: [Int32] = []

  init(
    _ network: SlateQ, _ configuration: SlateQConfiguration, _ inputs: SlateInputs, unit: Float,
    users: Int
  ) {
    (self.network, self.configuration, self.inputs) = (network, configuration, inputs)
    self.unit = unit
    traces = SessionTraces(inputs.layout, configuration, count: users)
    offered = Array(
      repeating: 0, count: users * (inputs.layout.candidates + 1) * inputs.width)
  }

  /// The best slates, [B, K].
  ///
  /// - Throws: `BackendError` if the device fails; `Diverged` where q or c are no numbers.
  package mutating func slates(_ rows: WorldRows) throws -> [Int32] {
    remember(rows)
    let layout = inputs.layout
    inputs.write(rows.observation, traces, into: &offered)
    let tensor = Tensor(
      offered, shape: [rows.count * (layout.candidates + 1), inputs.width],
      on: network.parameters.backend)
    let choices = try network.choices(tensor, users: rows.count, unit: unit)
    slates = choices.flatMap { $0.best(configuration.slates, size: layout.slate) }
    return slates
  }

  /// Takes in the responses to the last slates.
  private mutating func remember(_ rows: WorldRows) {
    let layout = inputs.layout
    for row in 0..<rows.count where !rows.hasEnded(row) {
      guard rows.steps[row] > 0 else {
        traces.clear(row)
        continue
      }
      let place = (0..<layout.slate).first { rows.observation.response(row, $0).first == 1 }
      traces.add(
        row,
        chosen: place.map { place in
          let candidate = Int(slates[row * layout.slate + place])
          let start = (row * (layout.candidates + 1) + candidate) * inputs.width
          return (
            rows.observation.response(row, place), inputs.document(in: offered, at: start)
          )
        })
    }
  }
}
