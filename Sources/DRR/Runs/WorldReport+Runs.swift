import ActorCritic
import DRRCore
import Environments
import SlateQ
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
    let members = try folders.flatMap { try $0.members() }
    var (untrained, trained) = ([[WorldTrial.Episode]](), [[WorldTrial.Episode]]())
    for folder in members {
      guard let settings = try Algorithms.taken(DDPGWorldConfiguration.self, in: folder) else {
        throw folder.absence("train ddpg --weights FILE")
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

/// What was trained in a world of slates: a run, or a group of runs that differ in their seeds.
public struct SlateQRuns {
  private let folder: RunFolder
  private let members: [RunFolder]
  private let settings: SlateQRunConfiguration

  /// - Parameter members: the runs, where they were begun one by one; nil: those of the folder.
  /// - Throws: `RunError` where the folder holds no such run, or one in another world.
  public init(_ folder: RunFolder, in world: String, members: [RunFolder]? = nil) throws {
    self.folder = folder
    let members = try members ?? folder.members()
    self.members = members
    guard let settings = try Algorithms.taken(SlateQRunConfiguration.self, in: members[0]) else {
      throw folder.absence("train slateq --world \(world)")
    }
    guard settings.world.name == world else {
      throw RunError(
        "\(folder.path) was trained in \(settings.world.name), not in \(world); use `drr simulate "
          + "world \(settings.world.name) --run \(folder.path)`")
    }
    self.settings = settings
  }

  /// The one world of them; nil of none.
  ///
  /// - Throws: `RunError` where they were trained in worlds of different settings.
  public static func world(of runs: [SlateQRuns]) throws -> SlateWorld? {
    for other in runs where other.settings.world != runs[0].settings.world {
      throw RunError(
        "\(runs[0].folder.path) and \(other.folder.path) were trained in different worlds; name "
          + "one --run")
    }
    return runs.first?.settings.world
  }

  /// What a row is called.
  fileprivate var name: String {
    settings.agent.learner.name + (settings.agent.discount == 0 ? ", γ = 0" : "")
      + (members.count > 1 ? ", \(members.count) runs" : "")
  }

  fileprivate func trainers(on backend: any Backend) throws -> [SlateQRunTrainer] {
    try members.map { member in
      let run = try Run<SlateQRunConfiguration>(reading: member)
      let trainer = try SlateQRunTrainer(run.settings, on: backend)
      try trainer.restore(from: run.readCheckpoint())
      return trainer
    }
  }
}

extension WorldReport {
  /// Adds a row of untrained agents, and one of what runs made of them.
  ///
  /// - Parameter prefix: what tells the rows of several runs of one kind apart.
  public mutating func add(
    _ runs: SlateQRuns, prefix: String = "", on backend: any Backend
  ) throws {
    let trainers = try runs.trainers(on: backend)
    try add("\(prefix)\(runs.name), untrained", trainers, untrained: true)
    try add("\(prefix)\(runs.name)", trainers)
  }
}

extension RunFolder {
  /// The runs of a group, or the one run that this is.
  fileprivate func members() throws -> [RunFolder] {
    try readGroup()?.members.map { $0.folder(in: self) } ?? [self]
  }
}
