/// Steps a parameter set along its gradients and clears them: Kingma & Ba 2015, algorithm 1, with
/// L2 weight decay in the gradient.
public final class Adam {
  /// The weights that it moves.
  public let parameters: ParameterSet
  /// α; may be changed between steps.
  public var learningRate: Float
  /// β₁, the decay of the first moment.
  public let beta1: Float
  /// β₂, the decay of the second moment.
  public let beta2: Float
  /// ε, added to the root of the second moment.
  public let epsilon: Float
  /// λ of L2, added to the gradient as λ · weight.
  public let weightDecay: Float
  /// Steps taken.
  public internal(set) var stepCount = 0
  /// The decaying means of the gradient and its square, laid out like the weights.
  public let moments: (first: Floats, second: Floats)

  /// An optimizer of moments 0. The set is in use from here on: nothing can be added to it.
  public init(
    _ parameters: ParameterSet, learningRate: Float, beta1: Float = 0.9, beta2: Float = 0.999,
    epsilon: Float = 1e-8, weightDecay: Float = 0
  ) {
    self.parameters = parameters
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    let (backend, count) = (parameters.backend, parameters.count)
    moments = (
      Floats(backend.allocate(count), count: count), Floats(backend.allocate(count), count: count)
    )
    backend.fill(0, into: moments.first)
    backend.fill(0, into: moments.second)
  }

  /// Moves the weights along the gradients that are there, and sets those to 0.
  public func step() { step(maximumNorm: nil, target: nil, rate: 0) }

  /// The same of some ranges of the flat weights alone, where others see to the rest.
  public func step(in ranges: [Range<Int>]) {
    stepCount += 1
    let step = AdamStep(
      learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon,
      weightDecay: weightDecay, step: stepCount)
    for range in ranges where !range.isEmpty {
      parameters.backend.adam(
        parameters.values[range], parameters.gradients[range], moments.first[range],
        moments.second[range], step)
    }
  }

  /// A step whose gradient is first scaled to a norm of at most `maximumNorm`, and after which
  /// `target` follows: target ← rate · weights + (1 − rate) · target.
  public func step(maximumNorm: Float? = nil, target: ParameterSet? = nil, rate: Float) {
    stepCount += 1
    require(
      target?.count ?? parameters.count == parameters.count,
      "step: a target of \(target?.count ?? 0) weights follows \(parameters.count)")
    let norm = maximumNorm.map { _ in parameters.squaredGradientNorm() }
    parameters.backend.adam(
      parameters.values, parameters.gradients, moments.first, moments.second,
      AdamStep(
        learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon,
        weightDecay: weightDecay, step: stepCount, maximumNorm: maximumNorm ?? .infinity,
        targetRate: rate),
      squaredNorm: norm, target: target?.values)
  }
}
