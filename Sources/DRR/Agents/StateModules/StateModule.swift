import Environments
import Tensor

/// Turns the rows that a replay keeps into the state that actor and critic see. Kept as rows, so
/// that its weights get their true gradient however old the transition is.
public protocol StateModule {
  /// Integers a state is rebuilt from.
  var rowWidth: Int { get }
  /// S, the length of the state.
  var width: Int { get }
  /// [B, rowWidth] to [B, width].
  func callAsFunction(_ rows: IndexTensor, _ tape: Tape?) -> Tensor
}

/// Which state DRR acts on. n items h, liked ones but for the last, the user u, vectors of length
/// k; w are learned.
public enum StateModuleKind: String, Codable, CaseIterable, Hashable, Sendable,
  CustomStringConvertible
{
  /// DRR-p: [h_1 … h_n ; w_a h_a ∘ w_b h_b], (n + n(n−1)/2)k numbers.
  case p
  /// DRR-u: DRR-p's with u ∘ w_j h_j, (2n + n(n−1)/2)k numbers.
  case u
  /// DRR-ave: [u ; u ∘ m ; m] with m = Σ w_j h_j, 3k numbers.
  case ave
  /// DRR-att: [u ; u ∘ m ; m] with m pooled by attention, 3k numbers.
  case att
  /// Without a user: m = Σ w_j h_j, k numbers.
  case items
  /// [u ; h], h what a GRU makes of the items in their order, 2k numbers.
  case gru
  /// [u ; h], h what a GRU makes of the latest rated items, liked or not, each with its reward: 2k
  /// numbers.
  case gruRewards = "gru-rewards"

  public var description: String { rawValue }

  /// What result tables call the agent: DRR-ave.
  public var name: String { "DRR-\(rawValue)" }

  /// Whether its items are the latest rated ones, with their rewards, and not the liked ones.
  package var readsRewards: Bool { self == .gruRewards }

  /// The rows that it gathers.
  package func rows(window: Int) -> StateRows {
    StateRows(window: window, readsRewards: readsRewards)
  }

  /// The module over the frozen vectors `users` [U, k] and `items` [N, k].
  package func make(
    users: Tensor, items: Tensor, window: Int, in parameters: ParameterSet
  ) -> any StateModule {
    switch self {
    case .p: PairwiseState(users: nil, items: items, window: window, in: parameters)
    case .u: PairwiseState(users: users, items: items, window: window, in: parameters)
    case .ave: AverageState(users: users, items: items, window: window, in: parameters)
    case .att: AttentionState(users: users, items: items, window: window, in: parameters)
    case .items: ItemState(users: users, items: items, window: window, in: parameters)
    case .gru, .gruRewards:
      GRUState(
        users: users, items: items, window: window, readsRewards: readsRewards, in: parameters)
    }
  }
}

extension StateModuleKind {
  /// S, the length of a state of `window` items over vectors of length `dimension`.
  package func width(window n: Double, dimension k: Double) -> Double {
    switch self {
    case .p: (n + n * (n - 1) / 2) * k
    case .u: (2 * n + n * (n - 1) / 2) * k
    case .ave, .att: 3 * k
    case .items: k
    case .gru, .gruRewards: 2 * k
    }
  }

  /// Weights of the module itself, at least.
  package func weights(window n: Double, dimension k: Double) -> Double {
    switch self {
    case .p, .u, .ave, .items: n
    case .att: 2 * k * k
    case .gru: 6 * k * k
    case .gruRewards: 6 * k * k + 3 * k
    }
  }
}
