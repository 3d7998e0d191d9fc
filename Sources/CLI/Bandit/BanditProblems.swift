import DRR

/// Rounds of each problem where nothing else is said.
extension BanditProblem {
  static var usualRounds: Int {
    switch kind {
    case LinearProblem.kind: 2_000
    case ExhibitionProblem.kind: 4_000
    default: 20_000
    }
  }
}
