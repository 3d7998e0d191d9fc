import DRRCore
import Environments
import Tensor

/// Tables of action values that learn from steps: one, or of double Q-learning two.
struct LearningTables {
  let method: TabularMethod
  private let stepSize: StepSize
  private let discount: Double
  private let seed: UInt64
  private(set) var tables: [ActionValues]
  /// Of each cell.
  private var visits: [[Int]]
  private var coins: Philox

  /// - Parameter initial: what every table begins as.
  init(
    _ method: TabularMethod, _ stepSize: StepSize, discount: Double, initial: ActionValues,
    seed: UInt64
  ) {
    (self.method, self.stepSize, self.discount) = (method, stepSize, discount)
    self.seed = seed
    let count = method == .doubleQ ? 2 : 1
    tables = Array(repeating: initial, count: count)
    visits = Array(repeating: Array(repeating: 0, count: initial.values.count), count: count)
    coins = Philox(seed: seed, stream: Streams.doubleCoin)
  }

  /// Q, of double Q-learning the mean of both tables.
  var values: ActionValues {
    guard tables.count == 2 else { return tables[0] }
    var mean = tables[0]
    for at in mean.values.indices { mean.values[at] = (mean.values[at] + tables[1].values[at]) / 2 }
    return mean
  }

  /// The action of the highest value, by the sum of the tables; of equal ones the first.
  func greedy(_ state: Int) -> Int {
    guard tables.count == 2 else { return tables[0].greedy(state) }
    var best = 0
    func sum(_ action: Int) -> Double { tables[0][state, action] + tables[1][state, action] }
    for action in 1..<tables[0].actionCount where sum(action) > sum(best) { best = action }
    return best
  }

  /// Q(s, a) ← (1 − α) Q(s, a) + α (r + γ max Q(s′, ·))
  ///
  /// - Parameters:
  ///   - next: s′; nil where nothing is worth anything after the step.
  ///   - following: what SARSA chooses in s′; nil of other methods.
  mutating func learn(_ state: Int, _ action: Int, reward: Float, next: Int?, following: Int?) {
    let learned = tables.count == 2 && Bool.random(using: &coins) ? 1 : 0
    var worth = 0.0
    if let next {
      switch method {
      case .q: worth = tables[0].best(next)
      case .sarsa: worth = tables[0][next, following!]
      case .doubleQ: worth = tables[1 - learned][next, tables[learned].greedy(next)]
      }
    }
    let cell = state * tables[0].actionCount + action
    visits[learned][cell] += 1
    tables[learned].values[cell] +=
      stepSize(visits[learned][cell])
      * (Double(reward) + discount * worth - tables[learned].values[cell])
  }

  /// Draws of the coins so far.
  var coinCounter: UInt64 { coins.counter }
  var isFinite: Bool { tables.allSatisfy { $0.values.allSatisfy(\.isFinite) } }

  func save(to file: inout SafetensorsWriter) throws {
    for (index, table) in tables.enumerated() {
      try file.add("table.\(index)", table.values, shape: [table.stateCount, table.actionCount])
      try file.add("visits.\(index)", visits[index].map { Int64($0) })
    }
  }

  /// These tables with what ``save(to:)`` wrote, after so many draws of the coins.
  func restored(from file: SafetensorsFile, coins counter: Int) throws -> LearningTables {
    var found = self
    for index in tables.indices {
      let shape = [tables[index].stateCount, tables[index].actionCount]
      found.tables[index].values = try file.doubles("table.\(index)", shape: shape)
      found.visits[index] = try file.integers(
        "visits.\(index)", .count, shape: [shape[0] * shape[1]])
    }
    found.coins = Philox(key: seed, stream: Streams.doubleCoin, counter: UInt64(counter))
    return found
  }
}
