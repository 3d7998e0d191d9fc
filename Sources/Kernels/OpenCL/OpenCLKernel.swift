internal import COpenCL

/// The programs, each named as its file of kernels/.
enum ProgramID: String, CaseIterable, Sendable {
  case linear, elementwise, reduction, embedding, pooling, candidate, loss, optimizer, random
  case selection, replay, mlp, recurrent
  case mlpBackward = "mlp_backward"

  /// The files of kernels/ that it is put together from.
  func parts(_ form: FormShape) -> [String] {
    let suffix = form.isCPU ? "_cpu" : "_gpu"
    return switch self {
    case .recurrent: ["common", "recurrent", "recurrent" + suffix]
    default: ["common", rawValue]
    }
  }
}

/// How a kernel is launched.
enum KernelLayout: Sendable {
  /// Dimension 0 walks a flat run of elements, dimension 1 counts rows.
  case elements
  /// One work-group per result.
  case groups
  /// One work-group per tile of a matrix.
  case tiles
}

/// Every kernel, in the order of a backend's kernel objects.
enum KernelID: Int, CaseIterable, Sendable {
  case linearForward, linearBackwardInput, linearBackwardWeights
  case mlpForward, mlpBackwardInputs, mlpBackwardWeights
  case recurrentForward, recurrentTranspose, recurrentBackward
  case mapForward, mapBackward, affine, perturb, accumulate, combine, concatenate, slice
  case sumRows, maximumRows, sumColumns, rowDot, sumAll
  case gatherRows, scatterAddRows
  case averagePooling, averagePoolingBackward, pairwiseProducts, pairwiseProductsBackward
  case historyRows, attentionPooling, attentionPoolingBackward
  case candidateScores, candidateScoresBackward, softmaxExpectation, softmaxExpectationBackward
  case column
  case pointLoss, pointLossBackward, softmaxNormalizer, softmaxLoss, softmaxBackward
  case temporalDifferenceTarget
  case adam, sgd, clip, softUpdate
  case uniformDraw, normalDraw, replaceRows
  case topK
  case replayAppend, replayGather, sumTreeSet, sumTreeSample, prioritize

  var program: ProgramID {
    switch self {
    case .linearForward, .linearBackwardInput, .linearBackwardWeights: .linear
    case .mlpForward: .mlp
    case .mlpBackwardInputs, .mlpBackwardWeights: .mlpBackward
    case .recurrentForward, .recurrentTranspose, .recurrentBackward: .recurrent
    case .mapForward, .mapBackward, .affine, .perturb, .accumulate, .combine, .concatenate, .slice:
      .elementwise
    case .sumRows, .maximumRows, .sumColumns, .rowDot, .sumAll: .reduction
    case .gatherRows, .scatterAddRows: .embedding
    case .averagePooling, .averagePoolingBackward, .pairwiseProducts, .pairwiseProductsBackward,
      .historyRows, .attentionPooling, .attentionPoolingBackward:
      .pooling
    case .candidateScores, .candidateScoresBackward, .softmaxExpectation,
      .softmaxExpectationBackward, .column:
      .candidate
    case .pointLoss, .pointLossBackward, .softmaxNormalizer, .softmaxLoss, .softmaxBackward,
      .temporalDifferenceTarget:
      .loss
    case .adam, .sgd, .clip, .softUpdate: .optimizer
    case .uniformDraw, .normalDraw, .replaceRows: .random
    case .topK: .selection
    case .replayAppend, .replayGather, .sumTreeSet, .sumTreeSample, .prioritize: .replay
    }
  }

  var layout: KernelLayout {
    switch self {
    case .linearForward, .linearBackwardInput, .linearBackwardWeights: .tiles
    case .mlpForward, .mlpBackwardInputs, .mlpBackwardWeights,
      .recurrentForward, .recurrentTranspose, .recurrentBackward, .sumRows, .maximumRows, .rowDot,
      .sumAll, .averagePoolingBackward,
      .pairwiseProductsBackward, .attentionPoolingBackward, .softmaxExpectation,
      .softmaxExpectationBackward, .pointLoss, .softmaxNormalizer, .softmaxLoss, .topK, .sumTreeSet,
      .sumTreeSample, .prioritize:
      .groups
    default: .elements
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
enum KernelArgument {
  case memory(cl_mem, offset: Int32)
  case int(Int32)
  case float(Float)
  /// An `int8`.
  case vector(SIMD8<Int32>)
  /// The low and the high word, a `uint2`.
  case words(UInt64)

  /// Clamped only where a buffer of that size could not be made, and then nothing is launched.
  static func count(_ value: Int) -> KernelArgument { .int(Int32(clamping: value)) }
}
