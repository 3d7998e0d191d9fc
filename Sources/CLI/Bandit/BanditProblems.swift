import DRR

/// Rounds and seeds of each problem where nothing else is said.
extension BanditProblem {
  static var usualRounds: Int {
    switch kind {
    case LinearProblem.kind: 2_000
    case ExhibitionProblem.kind: 4_000
    default: 20_000
    }
  }

  /// Where one run in ten goes wrong, twenty seeds miss it altogether once in eight times.
  static var usualSeeds: Int { kind == ExhibitionProblem.kind ? 40 : 100 }
}
