import ActorCritic
import Agents
import Tensor
import TestSupport
import Testing

/// Three whole updates of DRR-ave against PyTorch in float64, as DDPG has them and as TD3: losses,
/// values, targets and every weight, those of the targets and the pooling included.
@Suite("DDPG against PyTorch")
struct DDPGGoldenTests {
  /// 1e-10 on the float64 reference, 1e-4 of the largest entry of an array on a device.
  @Test("three updates", arguments: TestDevices.withReference, ["ddpg", "td3"])
  func updates(_ device: TestDevice, _ name: String) throws {
    let golden = try Golden.load(name)
    let backend = try device.make()
    let limit = backend is ReferenceBackend ? 1e-10 : 1e-4
    func expect(_ found: [Double], _ name: String) throws {
      #expect(relativeError(found, try golden(name)) <= limit, "\(name)")
    }
    func tensor(_ name: String) throws -> Tensor {
      Tensor(try golden(name), shape: Shape(try golden.shape(name)), on: backend)
    }
    func rows(_ name: String) throws -> IndexTensor {
      IndexTensor(
        try golden.int32s(name), shape: Shape(try golden.shape(name)), on: backend)
    }

    var configuration = DDPGConfiguration()
    configuration.hidden = 5
    configuration.batchSize = 8
    if name == "td3" {
      configuration.twinCritics = true
      configuration.policyDelay = 2
      configuration.targetNoiseClip = 0.3
    }
    let (users, items) = (try tensor("users"), try tensor("items"))
    let ddpg = try DDPG(configuration, actionWidth: 6, seed: 1, on: backend) {
      AverageState(users: users, items: items, window: 3, in: $0)
    }
    let sets = [
      ("pooling", "actor", ddpg.actor.parameters), ("", "critic", ddpg.critic.parameters),
      ("targetPooling", "targetActor", ddpg.targetActor.parameters),
      ("", "targetCritic", ddpg.targetCritic.parameters),
    ]
    for (pooling, network, set) in sets {
      for parameter in set.parameters {
        let name = "initial." + Self.goldenName(parameter.name, pooling, network)
        #expect(try golden.shape(name) == parameter.shape.array, "\(name)")
        backend.put(try golden(name), to: parameter.values)
      }
    }

    for update in 0..<3 {
      let outcomes = zip(
        try golden("\(update).reward"), try golden("\(update).notTerminated")
      ).flatMap { [$0, $1] }
      let batch = TransitionBatch(
        slots: IndexTensor((0..<8).map { $0 }, shape: [8], on: backend),
        states: try rows("\(update).index"), nextStates: try rows("\(update).nextIndex"),
        actions: try tensor("\(update).action"),
        outcomes: Tensor(outcomes, shape: [8, 2], on: backend),
        weights: try tensor("\(update).weights"))

      let value = ddpg.critic(ddpg.actor.state(batch.states, nil), batch.actions)
      let next = ddpg.targetActor.state(batch.nextStates, nil)
      let nextAction = ddpg.targetActor.action(next)
      let noise =
        golden.contains("\(update).noise") ? try tensor("\(update).noise") : nil
      if let noise { nextAction.perturb(by: noise, noiseBound: 0.3, bound: 1) }
      let y = temporalDifferenceTarget(
        batch.outcomes, nextValue: ddpg.targetCritic(next, nextAction),
        twin: ddpg.targetCritic.twin(next, nextAction), discount: 0.9)
      try expect(value.doubles(), "\(update).q")
      try expect(y.doubles(), "\(update).y")

      let losses = ddpg.update(batch, targetNoise: noise)
      try expect(losses.critic.doubles(), "\(update).criticLoss")
      #expect((losses.actor == nil) == !golden.contains("\(update).actorLoss"))
      if let loss = losses.actor { try expect(loss.doubles(), "\(update).actorLoss") }
    }
    for (pooling, network, set) in sets {
      for parameter in set.parameters {
        let name = Self.goldenName(parameter.name, pooling, network)
        let (found, start) = (
          try backend.doubles(parameter.values), try golden("initial." + name)
        )
        try expect(found, "final." + name)
        // Steps are a thousandth of the weights and τ another one, so they are compared too.
        let moved = zip(found, start).map { $0 - $1 }
        let expected = zip(try golden("final." + name), start).map { $0 - $1 }
        let rounding = backend is ReferenceBackend ? 1e-9 : network.hasPrefix("target") ? 0.2 : 1e-3
        #expect(relativeError(moved, expected) <= rounding, "\(name)")
      }
    }
  }

  /// Our critic's first layer has a name of its own; the golden ones are numbered through.
  private static func goldenName(_ name: String, _ pooling: String, _ network: String) -> String {
    let parts = name.split(separator: ".").map { String($0) }
    switch parts[0] {
    case "pooling": return pooling
    case "critic", "critic_twin":
      let network = parts[0] == "critic" ? network : network + "Twin"
      let layer = parts[1] == "state" ? 0 : Int(parts[1])! + 1
      return "\(network).\(layer).\(parts[2])"
    default: return "\(network).\(parts[1]).\(parts[2])"
    }
  }
}
