import DRRCore

/// Ways to tell the value of a policy, its mean reward a decision, from what another one logged.
///
/// With the weight w = π(a | x) / p of the logged action a and its propensity p, the reward r, the
/// reward model's q(x, a) and V(x) = Σ π(a | x) q(x, a):
public enum OffPolicyEstimator: String, Codable, CaseIterable, Sendable {
  /// The direct method: the mean of V.
  case directMethod = "dm"
  /// Inverse propensity scoring: the mean of w r.
  case ips
  /// The mean of min(w, clip) r (Ionides 2008, truncated importance sampling).
  case clippedIPS = "clipped-ips"
  /// Self-normalised: Σ w r / Σ w (Swaminathan & Joachims 2015).
  case snips
  /// Doubly robust: the mean of V + w (r − q) (Dudík, Langford & Li 2011).
  case doublyRobust = "dr"
  /// The mean of V, and Σ w (r − q) / Σ w.
  case sndr
  /// Doubly robust where w ≤ clip, otherwise V alone (Wang, Agarwal & Dudík 2017).
  case switchDR = "switch-dr"
  /// Doubly robust with the optimistic shrinkage of weights λ w / (w² + λ), λ = clip² (Su,
  /// Dimakopoulou, Krishnamurthy & Dudík 2020).
  case shrunkDR = "dros"

  /// The direct method has none: it is the reward model, which a resample of decisions does not fit
  /// anew, and whose bias no resample shows.
  public var hasInterval: Bool { self != .directMethod }

  /// Whether it is told from more than weights and rewards alone.
  public var needsModel: Bool {
    switch self {
    case .ips, .clippedIPS, .snips: false
    case .directMethod, .doublyRobust, .sndr, .switchDR, .shrunkDR: true
    }
  }

  /// Its value of sums over decisions; not a number where nothing has weight.
  public func value(of sums: DecisionSums) -> Double {
    switch self {
    case .directMethod: sums.modelled / sums.count
    case .ips: sums.weighted / sums.count
    case .clippedIPS: sums.clipped / sums.count
    case .snips: sums.weighted / sums.weight
    case .doublyRobust: (sums.modelled + sums.corrected) / sums.count
    case .sndr: sums.modelled / sums.count + sums.corrected / sums.weight
    case .switchDR: (sums.modelled + sums.switched) / sums.count
    case .shrunkDR: (sums.modelled + sums.shrunk) / sums.count
    }
  }
}

/// What all estimators are made of: sums over decisions.
public struct DecisionSums: Sendable {
  package static let width = 8
  /// Decisions; Σ w; Σ w r; Σ min(w, clip) r; Σ V; Σ w (r − q); the same where w ≤ clip, and with
  /// shrunk weights.
  package var fields: SIMD8<Double>

  /// Of no decisions.
  public init() { fields = SIMD8() }

  package init(_ sums: ArraySlice<Double>) { fields = SIMD8(sums) }

  /// Of one decision.
  ///
  /// - Parameter times: how often it counts.
  public init(
    weight: Double, reward: Double, predicted: Double, modelled: Double, clip: Double,
    times: Double = 1
  ) {
    let error = reward - predicted
    let shrinkage = clip * clip
    fields =
      times
      * SIMD8(
        1, weight, weight * reward, min(weight, clip) * reward, modelled, weight * error,
        weight <= clip ? weight * error : 0,
        weight > 0 ? weight / (weight * weight / shrinkage + 1) * error : 0)
  }

  public var count: Double { fields[0] }
  public var weight: Double { fields[1] }
  public var weighted: Double { fields[2] }
  public var clipped: Double { fields[3] }
  public var modelled: Double { fields[4] }
  public var corrected: Double { fields[5] }
  public var switched: Double { fields[6] }
  public var shrunk: Double { fields[7] }

  public static func += (sums: inout DecisionSums, other: DecisionSums) {
    sums.fields += other.fields
  }
}
