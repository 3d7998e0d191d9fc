import DRRCore

/// What the first message tells of environments, in JSON.
struct Hello: Codable {
  /// The messages' version.
  static var version: Int { 1 }

  var `protocol` = Hello.version
  var program = Program.title
  var world: String
  var seed: UInt64 = 0
  var count: Int
  var observationSpace: Space
  var actionSpace: Space
  var masks: Bool
  var autoreset = "same_step"

  enum CodingKeys: String, CodingKey {
    case `protocol`, program, world, seed, count = "num_envs"
    case observationSpace = "observation_space"
    case actionSpace = "action_space"
    case masks, autoreset
  }
}

/// What every hello has, of whichever version.
struct HelloVersion: Decodable {
  var `protocol`: Int
}
