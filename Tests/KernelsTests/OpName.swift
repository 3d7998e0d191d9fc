import Foundation

/// Every op of the protocols, by the name of its method.
enum OpName: String, CaseIterable, Sendable {
  case linear, linearBackward, mlp, mlpBackward, recurrent, recurrentBackward
  case map, mapBackward, affine, combine, perturb, accumulate, fill, copy, concatenate, slice
  case reduceRows, sumColumns, rowDot, sum, squaredNorm
  case stepMean, stepMeanBackward
  case gather, scatterAdd
  case averagePooling, averagePoolingBackward, pairwiseProducts, pairwiseProductsBackward
  case historyRows, attentionPooling, attentionPoolingBackward
  case candidateScores, candidateScoresBackward, softmaxExpectation, softmaxExpectationBackward
  case pick, pickBackward, excludeItems, replaceWords
  case topKRows, dropout, bernoulli, extendSessions
  case candidateScoresItemGradient
  case meanScores, meanScoresBackward, gatedParts, gatedPartsBackward
  case pointLoss, pointLossBackward, softmaxCrossEntropy, softmaxCrossEntropyBackward
  case temporalDifferenceTarget
  case adam, softUpdate
  case uniform, normal, replaceRows
  case scoreTopK
  case replayAppend, replayGather, sumTreeSet, sumTreeSample, prioritize
  case factorize

  /// The rows of the op table, or the smallest `DRR_TEST_ROWS` of them.
  var cases: [OpCase] {
    guard let most = Self.most else { return rows }
    func size(_ row: OpCase) -> Int { row.operands.reduce(0) { $0 + $1.count } }
    return Array(rows.sorted { size($0) < size($1) }.prefix(most))
  }

  private static let most = ProcessInfo.processInfo.environment["DRR_TEST_ROWS"].flatMap { Int($0) }

  /// The switch lets no op be forgotten.
  private var rows: [OpCase] {
    switch self {
    case .linear: OpTable.linear
    case .linearBackward: OpTable.linearBackward
    case .mlp: OpTable.mlp
    case .mlpBackward: OpTable.mlpBackward
    case .recurrent: OpTable.recurrent
    case .recurrentBackward: OpTable.recurrentBackward
    case .map: OpTable.map
    case .mapBackward: OpTable.mapBackward
    case .affine: OpTable.affine
    case .combine: OpTable.combine
    case .perturb: OpTable.perturb
    case .accumulate: OpTable.accumulate
    case .fill: OpTable.fill
    case .copy: OpTable.copy
    case .concatenate: OpTable.concatenate
    case .slice: OpTable.slice
    case .reduceRows: OpTable.reduceRows
    case .sumColumns: OpTable.sumColumns
    case .rowDot: OpTable.rowDot
    case .sum: OpTable.sum
    case .squaredNorm: OpTable.squaredNorm
    case .stepMean: OpTable.stepMean
    case .stepMeanBackward: OpTable.stepMeanBackward
    case .gather: OpTable.gather
    case .scatterAdd: OpTable.scatterAdd
    case .meanScores: OpTable.meanScores
    case .meanScoresBackward: OpTable.meanScoresBackward
    case .gatedParts: OpTable.gatedParts
    case .gatedPartsBackward: OpTable.gatedPartsBackward
    case .averagePooling: OpTable.averagePooling
    case .averagePoolingBackward: OpTable.averagePoolingBackward
    case .pairwiseProducts: OpTable.pairwiseProducts
    case .pairwiseProductsBackward: OpTable.pairwiseProductsBackward
    case .historyRows: OpTable.historyRows
    case .attentionPooling: OpTable.attentionPooling
    case .attentionPoolingBackward: OpTable.attentionPoolingBackward
    case .candidateScores: OpTable.candidateScores
    case .candidateScoresBackward: OpTable.candidateScoresBackward
    case .softmaxExpectation: OpTable.softmaxExpectation
    case .softmaxExpectationBackward: OpTable.softmaxExpectationBackward
    case .pick: OpTable.pick
    case .pickBackward: OpTable.pickBackward
    case .excludeItems: OpTable.excludeItems
    case .replaceWords: OpTable.replaceWords
    case .candidateScoresItemGradient: OpTable.candidateScoresItemGradient
    case .pointLoss: OpTable.pointLoss
    case .pointLossBackward: OpTable.pointLossBackward
    case .softmaxCrossEntropy: OpTable.softmaxCrossEntropy
    case .softmaxCrossEntropyBackward: OpTable.softmaxCrossEntropyBackward
    case .temporalDifferenceTarget: OpTable.temporalDifferenceTarget
    case .adam: OpTable.adam
    case .softUpdate: OpTable.softUpdate
    case .uniform: OpTable.uniform
    case .normal: OpTable.normal
    case .replaceRows: OpTable.replaceRows
    case .scoreTopK: OpTable.scoreTopK
    case .replayAppend: OpTable.replayAppend
    case .replayGather: OpTable.replayGather
    case .sumTreeSet: OpTable.sumTreeSet
    case .sumTreeSample: OpTable.sumTreeSample
    case .prioritize: OpTable.prioritize
    case .factorize: OpTable.factorize
    case .topKRows: OpTable.topKRows
    case .dropout: OpTable.dropout
    case .bernoulli: OpTable.bernoulli
    case .extendSessions: OpTable.extendSessions
    }
  }
}

/// The rows by family; the extensions hold them.
enum OpTable {}
