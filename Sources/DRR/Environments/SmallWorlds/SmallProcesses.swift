/// Tabular MDPs, small enough to be solved exactly.
public enum SmallProcess: String, Codable, CaseIterable, Hashable, Sendable {
  /// A lizard on nine tiles looks for crickets and keeps away from the bird.
  case lizard
  /// Five states in a line, of which the far end pays (Strens 2000).
  case chain
  /// A grid with a cliff along its lower edge (Sutton & Barto 2018, example 6.6).
  case cliff
  /// A robot on a slippery grid of twelve tiles (Russell & Norvig 2010, figure 17.1).
  case robot

  /// The process in full.
  public var process: FiniteProcess {
    switch self {
    case .lizard: Self.makeLizard()
    case .chain: Self.makeChain()
    case .cliff: Self.makeCliff()
    case .robot: Self.makeRobot()
    }
  }

  /// Columns and rows to go by, of left, right, up and down.
  private static let moves = [(-1, 0), (1, 0), (0, -1), (0, 1)]
  static let moveNames = ["left", "right", "up", "down"]

  /// Three by three tiles; a cricket is worth 1, five crickets 10 and the bird −10, both of which
  /// end the episode, any other step −1. A step into a wall stays.
  private static func makeLizard() -> FiniteProcess {
    let states = [
      "1 cricket", "empty 1", "empty 2", "empty 3", "bird", "empty 4", "empty 5", "empty 6",
      "5 crickets",
    ]
    return FiniteProcess(
      "lizard", states: states, actions: moveNames, start: 6, discount: 0.99, columns: 3,
      terminal: [4, 8]
    ) { state, action in
      let (column, row) = (state % 3 + moves[action].0, state / 3 + moves[action].1)
      guard 0..<3 ~= column, 0..<3 ~= row else {
        return [.init(1, next: state, reward: -1)]
      }
      let next = row * 3 + column
      return switch next {
      case 0: [.init(1, next: next, reward: 1)]
      case 4: [.init(1, next: next, reward: -10, terminates: true)]
      case 8: [.init(1, next: next, reward: 10, terminates: true)]
      default: [.init(1, next: next, reward: -1)]
      }
    }
  }

  /// `forward` leads on and pays 10 at the end, `back` returns to the first state and pays 2; one
  /// time in five the other one happens. Never ends.
  private static func makeChain() -> FiniteProcess {
    FiniteProcess(
      "chain", states: (1...5).map { "state \($0)" }, actions: ["forward", "back"], discount: 0.9
    ) { state, action in
      let forward = FiniteProcess.Outcome(
        action == 0 ? 0.8 : 0.2, next: min(state + 1, 4), reward: state == 4 ? 10 : 0)
      let back = FiniteProcess.Outcome(action == 0 ? 0.2 : 0.8, next: 0, reward: 2)
      return [forward, back]
    }
  }

  /// Four rows of twelve tiles; every step costs 1, the cliff 100 and the way back to the start.
  private static func makeCliff() -> FiniteProcess {
    let (columns, rows) = (12, 4)
    let goal = columns * rows - 1
    let start = (rows - 1) * columns
    let states = (0..<columns * rows).map { state in
      if state == start { return "start" }
      if state == goal { return "goal" }
      return state > start
        ? "cliff \(state % columns)" : "row \(state / columns + 1) column \(state % columns + 1)"
    }
    return FiniteProcess(
      "cliff", states: states, actions: moveNames, start: start, discount: 0.99, columns: columns,
      terminal: Set(start + 1...goal)
    ) { state, action in
      let column = min(max(state % columns + moves[action].0, 0), columns - 1)
      let row = min(max(state / columns + moves[action].1, 0), rows - 1)
      let next = row * columns + column
      if next == goal { return [.init(1, next: next, reward: -1, terminates: true)] }
      return next > start
        ? [.init(1, next: start, reward: -100)] : [.init(1, next: next, reward: -1)]
    }
  }

  /// Three rows of four tiles, one of them a wall, an exit worth 1 and a pit worth −1; a step costs
  /// 0.04. The robot goes where it is told four times in five, else to the left or right of there.
  private static func makeRobot() -> FiniteProcess {
    let (columns, rows) = (4, 3)
    let (exit, pit, wall) = (3, 7, 5)
    let states = (0..<columns * rows).map { state in
      switch state {
      case exit: "exit"
      case pit: "pit"
      case wall: "wall"
      default: "row \(state / columns + 1) column \(state % columns + 1)"
      }
    }
    return FiniteProcess(
      "robot", states: states, actions: moveNames, start: 8, discount: 0.99, columns: columns,
      terminal: [exit, pit, wall]
    ) { state, action in
      // Beside left and right lie up and down.
      let sideways = action < 2 ? [2, 3] : [0, 1]
      return [(action, 0.8), (sideways[0], 0.1), (sideways[1], 0.1)].map { move, probability in
        let (column, row) = (state % columns + moves[move].0, state / columns + moves[move].1)
        let isInside = 0..<columns ~= column && 0..<rows ~= row && row * columns + column != wall
        let next = isInside ? row * columns + column : state
        let prize = next == exit ? 1.0 : next == pit ? -1.0 : 0
        return FiniteProcess.Outcome(
          probability, next: next, reward: prize - 0.04, terminates: next == exit || next == pit)
      }
    }
  }
}
