import Planning
import TestSupport
import Testing

/// A world whose plans can all be tried: items are of kinds, what an item adds is known, and the
/// session adds a tenth for every item in a row, up to three, that was of another kind than the one
/// before it.
private struct TinyWorld: SessionRollouts {
  struct State {
    var run = 0
    var kind = -1
  }
  static let kinds = [0, 0, 1, 0, 1, 0]
  static let values: [Float] = [0.9, 0.8, 0.5, 0.7, 0.3, 0.65]

  var states: [State]
  var effects: [Float] { states.map { Float(min($0.run, 3)) / 10 } }

  static func after(_ state: State, _ item: Int) -> State {
    State(run: kinds[item] == state.kind ? 0 : state.run + 1, kind: kinds[item])
  }

  mutating func show(_ items: [Int32], answered: [Float], after rows: [Int]) {
    #expect(zip(items, answered).allSatisfy { Self.values[Int($0)] == $1 })
    states = zip(items, rows).map { Self.after(states[$1], Int($0)) }
  }

  mutating func keep(_ rows: [Int]) { states = rows.map { states[$0] } }
}

@Suite("The search for a plan")
struct PlanSearchTests {
  /// The largest sum that goes on from a state, and the item that it begins with.
  ///
  /// - Parameter only: the item that it is to begin with; nil: any.
  private static func bruteForce(
    _ state: TinyWorld.State, _ left: Set<Int>, _ horizon: Int, _ discount: Float,
    only: Int? = nil
  ) -> (sum: Float, first: Int?) {
    guard horizon > 0 else { return (0, nil) }
    var best: (sum: Float, first: Int?) = (-.infinity, nil)
    for item in left.sorted() where only == nil || item == only {
      let now = TinyWorld.values[item] + TinyWorld(states: [state]).effects[0]
      let rest = bruteForce(
        TinyWorld.after(state, item), left.subtracting([item]), horizon - 1, discount)
      let sum = now + discount * (rest.first == nil ? 0 : rest.sum)
      if sum > best.sum + 1e-6 { best = (sum, item) }
    }
    return best.first == nil ? (0, nil) : best
  }

  /// A beam of all plans finds the best of all sequences, from every state, for every number of
  /// items that are left.
  @Test("as good as trying all sequences", arguments: [1, 0.7] as [Float])
  func exact(discount: Float) throws {
    let starts = [
      TinyWorld.State(), .init(run: 1, kind: 0), .init(run: 3, kind: 0), .init(run: 3, kind: 1),
    ]
    var changed = 0
    for horizon in 1...6 {
      let search = PlanSearch(beam: 10_000, horizon: horizon, discount: discount)
      for left in 1...6 {
        var world = TinyWorld(states: starts)
        let candidates = starts.map { _ in
          (0..<6).map { (item: Int32($0), value: TinyWorld.values[$0]) }
        }
        let found = try search.best(candidates, left: left, &world)
        for (state, first) in zip(starts, found) {
          // Several plans may be worth the same.
          let (all, steps) = (Set(0..<6), min(horizon, left))
          let best = Self.bruteForce(state, all, steps, discount).sum
          let own = Self.bruteForce(state, all, steps, discount, only: first).sum
          #expect(abs(best - own) < 1e-5, "horizon \(horizon), \(left) left, \(state)")
          changed += first != 0 ? 1 : 0
        }
      }
    }
    #expect(changed > 0, "nothing is gained by looking ahead")
  }

  @Test("with γ = 0 the item that earns most now is shown, whatever follows")
  func myopic() throws {
    var world = TinyWorld(states: [.init(run: 3, kind: 0)])
    let candidates = [(0..<6).map { (item: Int32($0), value: TinyWorld.values[$0]) }]
    let ahead = try PlanSearch(beam: 100, horizon: 4, discount: 1)
      .best(candidates, left: 6, &world)
    world = TinyWorld(states: [.init(run: 3, kind: 0)])
    let myopic = try PlanSearch(beam: 100, horizon: 4, discount: 0)
      .best(candidates, left: 6, &world)
    #expect(ahead == [2] && myopic == [0])
  }

  @Test("sessions of few candidates, and of none, among others")
  func few() throws {
    let all = (0..<6).map { (item: Int32($0), value: TinyWorld.values[$0]) }
    for beam in [1, 3, 1_000] {
      let search = PlanSearch(beam: beam, horizon: 4, discount: 1)
      var alone: [Int?] = []
      for candidates in [all, [], [all[3]], Array(all[1...2])] {
        var world = TinyWorld(states: [.init(run: 2, kind: 1)])
        alone += try search.best([candidates], left: 6, &world)
      }
      var world = TinyWorld(
        states: Array(repeating: .init(run: 2, kind: 1), count: 4))
      let found = try search.best(
        [all, [], [all[3]], Array(all[1...2])], left: 6, &world)
      #expect(found == alone && found[1] == nil && found[2] == 0)
    }
  }
}
