import ActorCritic
import Runs

extension RunConfiguration {
  /// The agent's settings where it is one of DRR.
  var drr: DRRConfiguration? {
    get { agent as? DRRConfiguration }
    set { agent = newValue }
  }
}
