import Environments
import Tensor

/// A network that plays one batch of episodes: it remembers each.
package struct SlateQPlayer {
  private let network: SlateNetwork
  private let configuration: SlateQConfiguration
  private let inputs: SlateInputs
  private let unit: Float
  private var memory: EpisodeMemory
  private var offers: SlateOffers

  init(
    _ network: SlateNetwork, _ configuration: SlateQConfiguration, _ inputs: SlateInputs,
    unit: Float, users: Int
  ) {
    (self.network, self.configuration, self.inputs) = (network, configuration, inputs)
    self.unit = unit
    memory = EpisodeMemory(inputs.layout, configuration, count: users)
    offers = SlateOffers(inputs, users: users, on: network.parameters.backend)
  }

  /// The best slates, [B, K].
  ///
  /// - Throws: `BackendError` if the device fails; `Diverged` where q or c are no numbers.
  package mutating func slates(_ rows: WorldRows) throws -> [Int32] {
    memory.take(rows)
    offers.look(rows.observation, memory, through: inputs)
    let slates = try offers.choices(network, unit: unit).flatMap {
      $0.best(configuration.slates, size: inputs.layout.slate)
    }
    memory.show(slates, of: rows.observation)
    return slates
  }
}
