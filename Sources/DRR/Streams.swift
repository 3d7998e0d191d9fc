/// Random streams of one seed, one a purpose, so that no two share numbers.
enum Streams {
  static let split: UInt64 = 1
  static let pmfWeights: UInt64 = 2
  static let pmfOrder: UInt64 = 3
  static let pmfHoldout: UInt64 = 4
  static let actor: UInt64 = 5
  static let critic: UInt64 = 6
  static let sessions: UInt64 = 7
  static let explorationCoin: UInt64 = 8
  static let explorationVector: UInt64 = 9
  static let replay: UInt64 = 10
  static let randomRanker: UInt64 = 11
  static let bootstrap: UInt64 = 12
  static let explorationNoise: UInt64 = 20
  static let targetNoise: UInt64 = 21
  static let randomAction: UInt64 = 30
  static let rowSplit: UInt64 = 31
  static let pmfRows: UInt64 = 32
  static let evaluationCoin: UInt64 = 33
  static let evaluationVector: UInt64 = 34
  static let pmfGrid: UInt64 = 35
  static let itemKinds: UInt64 = 40
  static let onlineItem: UInt64 = 41
  static let onlineAction: UInt64 = 42
  static let belief: UInt64 = 50
  static let beliefFolds: UInt64 = 51
  static let cloning: UInt64 = 52
  static let candidates: UInt64 = 53
  static let sampledLists: UInt64 = 60
  static let sessionSplit: UInt64 = 61
  static let tabularWorld: UInt64 = 62
  static let tabularUsers: UInt64 = 63
  static let listPolicy: UInt64 = 64
  static let simulation: UInt64 = 65
  static let chanceScorer: UInt64 = 66
}
