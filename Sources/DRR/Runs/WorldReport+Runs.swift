import ActorCritic
import DRRCore
import Environments
import Tensor

extension WorldReport {
  /// Adds a row of untrained agents, and one of what runs made of them, with the same users as
  /// every policy.
  ///
  /// - Parameter folders: each holds a run in VirtualTaobao, or a group of them.
  /// - Throws: `RunError` where a folder holds none, one of other weights, or nothing trained.
  public mutating func add(
    _ folders: [RunFolder], in networks: VirtualTaobaoNetworks, on backend: any Backend
  ) throws {
    let members = try folders.flatMap { folder in
      try folder.readGroup()?.members.map { $0.folder(in: folder) } ?? [folder]
    }
    var (untrained, trained) = ([[WorldTrial.Episode]](), [[WorldTrial.Episode]]())
    for folder in members {
      guard let settings = try Algorithms.begun(DDPGWorldConfiguration.self, in: folder) else {
        throw RunError("\(folder.path) holds no run; use `drr train ddpg --run \(folder.path)`")
      }
      guard settings.weightsChecksum == networks.checksum else {
        throw RunError(
          "\(folder.path): trained with weights of CRC-32 \(settings.weightsChecksum), and these "
            + "have \(networks.checksum); name the file that it was trained with")
      }
      let run = try Run(settings, folder: folder)
      let agent = try DDPGWorldTrainer(settings, networks, on: backend).ddpg
      func play() throws -> [WorldTrial.Episode] {
        try seeds.flatMap { seed in
          try WorldTrial.play(in: VirtualTaobao(networks, count: episodes, seed: seed)) {
            try agent.act(in: $0)
          }
        }
      }
      let file = try run.readCheckpoint()
      untrained.append(try play())
      try agent.restore(from: file, "ddpg")
      trained.append(try play())
    }
    let name = "DDPG" + (members.count > 1 ? ", \(members.count) runs" : "")
    add("\(name), untrained", untrained)
    add(name, trained)
  }
}
