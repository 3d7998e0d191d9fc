import DRRCore
import Environments
import Tensor

/// What users are offered, as the networks see it: on the host, and on the device.
struct SlateOffers {
  /// [B, N + 1, M], choosing none last.
  private(set) var inputs: [Float]
  /// [B, window, F]; empty where nobody reads it.
  private(set) var past: [Float]
  private let users: Int
  private let onDevice: (inputs: Tensor, past: Tensor?)

  init(_ inputs: SlateInputs, users: Int, on backend: any Backend) {
    let rows = users * (inputs.layout.candidates + 1)
    let length = inputs.window * inputs.stepWidth
    self.users = users
    self.inputs = Array(repeating: 0, count: rows * inputs.width)
    past = Array(repeating: 0, count: users * length)
    onDevice = (
      Tensor(uninitialized: [rows, inputs.width], on: backend),
      length > 0 ? Tensor(uninitialized: [users, length], on: backend) : nil
    )
  }

  /// Looks at what there is now.
  mutating func look(
    _ observation: WorldObservation, _ memory: EpisodeMemory, through lens: SlateInputs
  ) {
    lens.write(observation, memory, into: &inputs)
    lens.writeSteps(memory, into: &past)
  }

  /// What a network makes of it, a user each.
  ///
  /// - Parameter unit: what q is measured in.
  /// - Throws: `BackendError` if the device fails; `Diverged` where q or c are no numbers.
  func choices(_ network: SlateNetwork, unit: Float) throws -> [SlateChoice] {
    onDevice.inputs.backend.write(inputs, to: onDevice.inputs.view)
    if let tensor = onDevice.past { tensor.backend.write(past, to: tensor.view) }
    let (values, logits) = network.scores(onDevice.inputs, past: onDevice.past)
    let pending = (values.startHost(), logits?.startHost())
    let (q, c) = (try pending.0.wait(), try pending.1?.wait())
    guard q.allSatisfy(\.isFinite), c?.allSatisfy(\.isFinite) ?? true else { throw Diverged() }
    let places = q.count / users
    return (0..<users).map { user in
      let range = user * places..<(user + 1) * places
      return SlateChoice(
        network.learner, logits: c?[range], values: q[range].map { $0 * unit }[...])
    }
  }
}
