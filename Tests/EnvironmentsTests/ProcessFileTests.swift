import DRRData
import Environments
import Foundation
import TestSupport
import Testing

@Suite("Tabular MDPs of files")
struct ProcessFileTests {
  private let folder = TemporaryFolder()
  private static let header = "state,action,probability,next,reward,done\n"

  private func write(_ text: String, _ name: String = "mdp.csv") throws -> String {
    let path = "\(folder.path)/\(name)"
    try Data(text.utf8).write(to: URL(filePath: path))
    return path
  }

  /// A process as a file has it.
  private static func text(_ process: FiniteProcess) -> String {
    var lines = header
    for state in process.choosing {
      for action in process.actions.indices {
        for outcome in process.outcomes(state, action) {
          lines +=
            "\(process.states[state]),\(process.actions[action]),\(outcome.probability),"
            + "\(process.states[outcome.next]),\(outcome.reward),\(outcome.terminates)\n"
        }
      }
    }
    return lines
  }

  /// Their states are named in another order, for the start is named first.
  @Test(
    "built-in processes that are written and read are worth the same",
    arguments: SmallProcess.allCases)
  func builtIn(_ built: SmallProcess) throws {
    let own = built.process
    let start = try write("state,probability\n\(own.states[own.start]),1\n", "start.csv")
    let (file, read) = try ProcessFile.read(write(Self.text(own)), start: start)
    #expect(read.actions == own.actions && read.discount == 0.99 && read.name == "mdp.csv")
    #expect(file.checksum.count == 17)
    #expect(file.states == read.states.count && file.actions == own.actions.count)
    #expect(read.states[read.start] == own.states[own.start] && read.starts.count == 1)
    let (mine, theirs) = (
      own.valueIteration(discount: 0.9).values, read.valueIteration(discount: 0.9).values
    )
    for (state, name) in read.states.enumerated() {
      let before = try #require(own.states.firstIndex(of: name))
      #expect(read.terminal.contains(state) == own.terminal.contains(before))
      for action in read.actions.indices {
        #expect(abs(theirs[state, action] - mine[before, action]) < 1e-9)
      }
    }
  }

  /// The lake of four by four tiles of which the goal is the last: a step goes where it is meant to one
  /// time in three, else to one side. .5420 is what Gymnasium's own table of it comes to with γ .99.
  @Test func frozenLake() throws {
    let map = Array("SFFFFHFHFFFHHFFG")
    var text = Self.header
    for state in 0..<16 where !"HG".contains(map[state]) {
      for action in 0..<4 {
        for turn in [action + 3, action, action + 1] {
          // Left, down, right, up.
          let (row, column) = [(0, -1), (1, 0), (0, 1), (-1, 0)][turn % 4]
          let (y, x) = (min(max(state / 4 + row, 0), 3), min(max(state % 4 + column, 0), 3))
          let next = 4 * y + x
          text +=
            "\(state),\(action),0.333333,\(next),\(map[next] == "G" ? 1 : 0),"
            + "\("HG".contains(map[next]) ? 1 : 0)\n"
        }
      }
    }
    let process = try ProcessFile.read(write(text)).process
    // A third is written with six digits, and the three are made one again.
    #expect(process.states.count == 16 && process.terminal.count == 5)
    #expect(abs(process.outcomes(0, 0)[0].probability - 1.0 / 3) < 1e-15)
    let value = process.valueIteration().values.best(process.start)
    #expect(abs(value - 0.5420) < 1e-4, "\(value)")
  }

  @Test("episodes begin in each state as often as the file says") func starts() throws {
    let path = try write(
      Self.header + "a,go,1,c,1,0\nb,go,1,c,4,0\nc,go,1,end,0,1\n")
    let start = try write("state,probability\nb,0.25\na,0.75\n", "start.csv")
    let process = try ProcessFile.read(path, start: start).process
    #expect(process.meanAtStart { Double([1, 0, 4][$0]) } == 1.75)
    #expect(process.states == ["a", "c", "b", "end"] && process.start == 0)
    var environment = FiniteEnvironment(process, seed: 3)
    let begun = (0..<4_000).map { environment.reset(episode: $0) }
    let share = Double(begun.count { $0 == 2 }) / 4_000
    // Four standard errors.
    #expect(abs(share - 0.25) < 0.0275 && begun.allSatisfy { $0 == 0 || $0 == 2 }, "\(share)")
    #expect(environment.reset(episode: 17) == begun[17])
  }

  @Test("what is wrong is told with file, line and value") func faults() throws {
    let noDone = "state,action,probability,next,reward\na,b,1,c,0\n"
    try expectFault("", "it is empty, expected a header")
    try expectFault(noDone, "line 1: no column done")
    let rows: [(String, String)] = [
      ("", "no outcome"),
      ("a,go,2,a,0,0", "line 2: probability is \"2\", expected a number in 0 ... 1"),
      ("a,go,1,a,x,0", "line 2: reward is \"x\", expected a number"),
      ("a,go,1,a,-1e39,0", "line 2: reward is \"-1e39\", expected a number within 3e38 of 0"),
      ("a,go,1,a,0,maybe", "line 2: done is \"maybe\", expected 0, 1, false or true"),
      ("a,,1,a,0,0", "line 2: action is empty, expected an id"),
      ("a,go,1,a,0", "line 2: 5 fields, expected 6 as in the header"),
      ("a,go,0.5,a,0,0", "\"go\" in \"a\" sum to 0.5, expected 1"),
      ("a,go,1,b,0,0", "leads to \"b\", in which no action stands"),
      (
        "a,go,1,a,0,0\na,stay,1,a,0,0\nb,go,1,a,0,0",
        "no outcome of \"stay\" in \"b\", expected each action"
      ),
    ]
    for (text, words) in rows { try expectFault("\(Self.header)\(text)\n", words) }
  }

  private func expectFault(_ text: String, _ words: String) throws {
    let path = try write(text)
    let error = #expect(throws: DataError.self) { try ProcessFile.read(path) }
    let said = "\(try #require(error))"
    #expect(said.contains(words), "\(said)")
  }

  @Test func faultsOfStarts() throws {
    let path = try write(Self.header + "a,go,1,end,0,1\n")
    for (text, words) in [
      ("state,probability\nend,1\n", "line 2: state is \"end\", expected a state with actions"),
      ("state,probability\na,0.5\na,0.5\n", "line 3: state is \"a\", expected each state once"),
      ("state,probability\na,0.5\n", "the probabilities sum to 0.5, expected 1"),
    ] {
      let start = try write(text, "start.csv")
      let error = #expect(throws: DataError.self) { try ProcessFile.read(path, start: start) }
      let said = "\(try #require(error))"
      #expect(said.contains(words), "\(said)")
    }
  }
}
