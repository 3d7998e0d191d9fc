internal import COpenCL

/// The programs, each named as its file of kernels/.
enum ProgramID: String, CaseIterable, Sendable {
  case linear, elementwise, reduction, embedding, pooling, candidate, loss, optimizer, random
  case selection, replay, factorization, mlp, recurrent
  case session, gating
  case mlpBackward = "mlp_backward"

  /// Whether it multiplies matrices, and is built for their tiles.
  var hasProducts: Bool { self == .linear || self == .selection }

  /// The files of kernels/ that it is put together from.
  func parts(_ form: FormShape) -> [String] {
    let suffix = form.isCPU ? "_cpu" : "_gpu"
    return switch self {
    case .linear: ["common", "product" + suffix, "linear" + suffix]
    case .mlp, .mlpBackward, .gating: ["common", "network", rawValue]
    case .recurrent: ["common", "recurrent", "recurrent" + suffix]
    case .selection:
      ["common", "product" + suffix, "selection", "selection" + suffix, "draws", "selection_rows"]
    case .random: ["common", "draws", "random"]
    default: ["common", rawValue]
    }
  }
}

/// Every kernel, in the order of a backend's kernel objects.
enum KernelID: Int, CaseIterable, Sendable {
  case linearForward, linearBackward
  case mlpForward, mlpBackwardInputs, mlpBackwardWeights
  case recurrentForward, recurrentTranspose, recurrentBackward
  case mapForward, mapBackward, affine, perturb, accumulate, combine, concatenate, slice
  case sumRows, maximumRows, sumColumns, rowDot, sumAll
  case stepMean, stepMeanBackward
  case gatherRows, scatterAddRows, meanScores, meanScoresBackward
  case gatedParts, gatedPartsBackward, gatedPartsWeights
  case averagePooling, averagePoolingBackward, pairwiseProducts, pairwiseProductsBackward
  case historyRows, attentionPooling, attentionPoolingBackward
  case candidateScores, candidateScoresBackward, softmaxExpectation, softmaxExpectationBackward
  case pick, pickBackward
  case pointLoss, pointLossBackward, softmaxNormalizer, softmaxLoss, softmaxBackward
  case temporalDifferenceTarget
  case adam, softUpdate
  case uniformDraw, normalDraw, replaceRows
  case dropout, bernoulli
  case scoreRows, scoreTiles, mergeBest
  case topRows, excludeItems, replaceWords
  case extendSessions
  case replayAppend, replayGather, sumTreeSet, sumTreeSample, prioritize
  case factorizeRound

  var program: ProgramID {
    switch self {
    case .linearForward, .linearBackward: .linear
    case .mlpForward: .mlp
    case .mlpBackwardInputs, .mlpBackwardWeights: .mlpBackward
    case .recurrentForward, .recurrentTranspose, .recurrentBackward: .recurrent
    case .mapForward, .mapBackward, .affine, .perturb, .accumulate, .combine, .concatenate, .slice:
      .elementwise
    case .sumRows, .maximumRows, .sumColumns, .rowDot, .sumAll: .reduction
    case .stepMean, .stepMeanBackward: .reduction
    case .gatherRows, .scatterAddRows, .meanScores, .meanScoresBackward: .embedding
    case .gatedParts, .gatedPartsBackward, .gatedPartsWeights: .gating
    case .averagePooling, .averagePoolingBackward, .pairwiseProducts, .pairwiseProductsBackward,
      .historyRows, .attentionPooling, .attentionPoolingBackward:
      .pooling
    case .candidateScores, .candidateScoresBackward, .softmaxExpectation,
      .softmaxExpectationBackward, .pick, .pickBackward:
      .candidate
    case .pointLoss, .pointLossBackward, .softmaxNormalizer, .softmaxLoss, .softmaxBackward,
      .temporalDifferenceTarget:
      .loss
    case .adam, .softUpdate: .optimizer
    case .uniformDraw, .normalDraw, .replaceRows: .random
    case .scoreRows, .scoreTiles, .mergeBest: .selection
    case .replayAppend, .replayGather, .sumTreeSet, .sumTreeSample, .prioritize: .replay
    case .factorizeRound: .factorization
    case .dropout, .bernoulli: .random
    case .topRows, .excludeItems, .replaceWords: .selection
    case .extendSessions: .session
    }
  }

  /// The case in snake_case, as the kernel is called in its file: `linear_forward`.
  var rawName: String {
    "\(self)".reduce(into: "") { name, letter in
      name += letter.isUppercase ? "_" + letter.lowercased() : String(letter)
    }
  }
}

/// One argument of a launch. A view is two: its memory and the index of its first element.
enum KernelArgument: Equatable {
  case memory(cl_mem, offset: Int32)
  case int(Int32)
  /// An `int8`.
  case vector(SIMD8<Int32>)
  /// The low and the high word, a `uint2`.
  case words(UInt64)

  /// Arguments of the kernel that it is.
  var count: UInt32 {
    if case .memory = self { 2 } else { 1 }
  }

  /// Clamped only where a buffer of that size could not be made, and then nothing is launched.
  static func count(_ value: Int) -> KernelArgument { .int(Int32(clamping: value)) }

  /// A `float` by its bits, so that equal arguments are equal to the bit.
  static func float(_ value: Float) -> KernelArgument {
    .int(Int32(bitPattern: value.bitPattern))
  }

  /// The bits of an element that is not there, a `uint`.
  static func absent<Scalar: DeviceScalar>(_ type: Scalar.Type) -> KernelArgument {
    .int(Int32(bitPattern: type.absent.word))
  }
}
