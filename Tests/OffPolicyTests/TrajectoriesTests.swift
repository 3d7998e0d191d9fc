import DRRCore
import DRRData
import DRRTestSupport
import Environments
import Foundation
import OffPolicy
import Testing

@Suite("Sessions, off policy")
struct TrajectoriesTests {
  /// Two states, two actions; the second action may end a session.
  private let process = FiniteProcess(
    "tiny", states: ["x", "y"], actions: ["a", "b"], discount: 1
  ) { state, action in
    let reward = Double(1 + state + 2 * action)
    let other = FiniteProcess.Outcome(
      action == 0 ? 0.75 : 0.25, next: 1 - state, reward: reward)
    return action == 0
      ? [other, .init(0.25, next: state, reward: reward)]
      : [
        other, .init(0.25, next: state, reward: reward),
        .init(0.5, next: state, reward: reward, terminates: true),
      ]
  }
  private let behaviour = StatePolicy(
    name: "behaviour", actionCount: 2, table: [0.5, 0.5, 0.25, 0.75])
  private let target = StatePolicy(name: "target", actionCount: 2, table: [0.2, 0.8, 0.9, 0.1])
  private let horizon = 3

  private struct Path {
    var steps: [(state: Int, action: Int, reward: Double)] = []
    var probability = 1.0
    var ended = false
  }

  /// Every session of the behaviour policy and how likely it is.
  private func paths() -> [Path] {
    var (open, closed) = ([(Path(), process.start)], [Path]())
    for _ in 0..<horizon {
      var next: [(Path, Int)] = []
      for (path, state) in open {
        for action in 0..<2 {
          for outcome in process.outcomes(state, action) {
            var longer = path
            longer.steps.append((state, action, outcome.reward))
            longer.probability *=
              behaviour[Int32(state), Int32(action)] * outcome.probability
            longer.ended = outcome.terminates
            if outcome.terminates {
              closed.append(longer)
            } else {
              next.append((longer, outcome.next))
            }
          }
        }
      }
      open = next
    }
    return closed + open.map(\.0)
  }

  private func log(_ paths: [Path], _ copies: [Int]? = nil) -> Trajectories {
    var log = Trajectories(name: "tiny", stateIDs: ["x", "y"], actionIDs: ["a", "b"])
    for (at, path) in paths.enumerated() {
      for _ in 0..<(copies?[at] ?? 1) {
        for step in path.steps {
          log.addStep(
            state: Int32(step.state), action: Int32(step.action), reward: step.reward,
            propensity: behaviour[Int32(step.state), Int32(step.action)])
        }
        log.endSession()
      }
    }
    return log
  }

  @Test(
    "importance sampling and doubly robust are unbiased over every possible session",
    arguments: [1.0, 0.9])
  func unbiased(discount: Double) throws {
    let paths = paths()
    #expect(abs(paths.reduce(0) { $0 + $1.probability } - 1) < 1e-12 && paths.count > 40)
    let exact = process.values(of: target, horizon: horizon, discount: discount)
    let truth = exact.v(0, toGo: horizon)
    var wrong = exact
    for at in wrong.q.indices { wrong.q[at] = at < 4 ? 0 : Double((at * 5) % 7) }
    var means: [SessionEstimator: Double] = [:]
    for path in paths {
      // A log as long as the longest session, so that the horizon is the world's.
      let full = paths.first { $0.steps.count == horizon }!
      let both = try log([path, full]).evaluate(
        target, discount: discount, values: wrong, bootstrap: ClusterBootstrap(resamples: 40))
      let alone = try log([full]).evaluate(
        target, discount: discount, values: wrong, bootstrap: ClusterBootstrap(resamples: 40))
      for estimator in [SessionEstimator.trajectoryIS, .perDecisionIS, .doublyRobust] {
        let value = 2 * both[estimator]!.value - alone[estimator]!.value
        means[estimator, default: 0] += path.probability * value
      }
    }
    for (estimator, mean) in means { #expect(abs(mean - truth) < 1e-12, "\(estimator)") }
    #expect(means.count == 3)
  }

  @Test("doubly robust with the true values of a sure world has no variance")
  func sure() throws {
    let chain = FiniteProcess("chain", states: ["x", "y"], actions: ["a", "b"], discount: 1) {
      [.init(1, next: 1 - $0, reward: Double($0 + 2 * $1))]
    }
    let exact = chain.values(of: target, horizon: 4, discount: 0.8)
    let log = chain.sessions(50, of: behaviour, horizon: 4, seed: 1)
    let report = try log.evaluate(
      target, discount: 0.8, values: exact, bootstrap: ClusterBootstrap(resamples: 50))
    let truth = exact.v(0, toGo: 4)
    let robust = report[.doublyRobust]!
    #expect(abs(robust.low! - truth) < 1e-9 && abs(robust.high! - truth) < 1e-9)
    // Fitted Q evaluation is its own fit: it has no interval, of which no resample would tell.
    let fitted = report[.fittedQ]!
    #expect(abs(fitted.value - truth) < 1e-9 && fitted.low == nil && fitted.high == nil)
    #expect(fitted.contains(truth) == nil)
    #expect(abs(report[.perDecisionIS]!.value - truth) > 1e-3)
  }

  @Test("weighted forms of three sessions of unequal length, by hand")
  func weighted() throws {
    var log = Trajectories(name: "three", stateIDs: ["x"], actionIDs: ["a", "b"])
    // Ratios 2; 0.5, 3; 1, 0.5, 4, with rewards 1; 2, 3; 4, 5, 6.
    for session in [[(2.0, 1.0)], [(0.5, 2), (3, 3)], [(1, 4), (0.5, 5), (4, 6)]] {
      for (ratio, reward) in session {
        log.addStep(
          state: 0, action: 0, reward: reward, propensity: 0.25, target: 0.25 * ratio)
      }
      log.endSession()
    }
    let report = try log.evaluate(
      nil, discount: 0.5, bootstrap: ClusterBootstrap(resamples: 50))
    #expect(report[.fittedQ] == nil && report[.doublyRobust] == nil)
    let products = [2.0, 1.5, 2]
    let returns = [1.0, 2 + 1.5, 4 + 2.5 + 1.5]
    let weighted = zip(products, returns).reduce(0) { $0 + $1.0 * $1.1 }
    func close(_ estimator: SessionEstimator, _ value: Double) -> Bool {
      abs(report[estimator]!.value - value) < 1e-12
    }
    #expect(close(.trajectoryIS, weighted / 3) && close(.weightedIS, weighted / 5.5))
    let parts: [Double] = [2 * 1, 0.5 * 2, 0.5 * 1.5 * 3, 1 * 4, 0.5 * 0.5 * 5, 0.25 * 2 * 6]
    let decisions = parts.reduce(0, +)
    #expect(close(.perDecisionIS, decisions / 3))
    let first: Double = (2 * 1 + 0.5 * 2 + 1 * 4) / (2 + 0.5 + 1)
    let second: Double = 0.5 * (1.5 * 3 + 0.5 * 5) / (2 + 1.5 + 0.5)
    let third: Double = 0.25 * (2 * 6) / (2 + 1.5 + 2)
    #expect(close(.weightedPerDecisionIS, first + second + third))
    #expect(abs(report.diagnostics.effectiveSampleSize - 5.5 * 5.5 / 10.25) < 1e-12)
    // 1.5 and twice 2, of which 10^.25 = 1.7783 lies between.
    let counts = report.diagnostics.histogram?.counts ?? []
    #expect(counts.reduce(0, +) == 3 && counts[24] == 1 && counts[25] == 2)
    #expect(report.refusal != nil && abs(report.behaviour.value - 12.5 / 3) < 1e-12)
  }

  @Test("fitted values of a log that has every session as often as it should are exact")
  func fitted() {
    let paths = paths()
    // All probabilities are multiples of 4⁻⁶.
    let copies = paths.map { Int(($0.probability * 4_096).rounded()) }
    #expect(copies.reduce(0, +) == 4_096)
    let log = log(paths, copies)
    let exact = process.values(of: target, horizon: horizon, discount: 0.9)
    let found = SessionValues.fit(
      log, sessions: 0..<log.count, policy: target, discount: 0.9, horizon: horizon)
    for toGo in 0...horizon {
      for state in Int32(0)..<2 {
        for action in Int32(0)..<2 {
          #expect(
            abs(
              found.q(state, action, toGo: toGo) - exact.q(state, action, toGo: toGo)) < 1e-9)
        }
      }
    }
  }

  @Test("all estimators come near the value of dynamic programming on many sessions")
  func converge() throws {
    let process = FiniteProcess.synthetic(seed: 4)
    let behaviour = process.softmaxPolicy(name: "behaviour", sharpness: 0.3, seed: 1)
    let target = process.softmaxPolicy(name: "target", sharpness: 0.5, seed: 2)
    let truth = process.values(of: target, horizon: 4, discount: 0.9).v(0, toGo: 4)
    let log = process.sessions(4_000, of: behaviour, horizon: 4, seed: 3)
    let report = try log.evaluate(
      target, discount: 0.9, bootstrap: ClusterBootstrap(resamples: 100))
    for estimator in SessionEstimator.allCases {
      let found = report[estimator]!
      #expect(abs(found.value - truth) < 0.08 * truth, "\(estimator) \(found) \(truth)")
    }
    let widths = [SessionEstimator.trajectoryIS, .perDecisionIS, .doublyRobust].map {
      report[$0]!.high! - report[$0]!.low!
    }
    #expect(widths == widths.sorted(by: >), "\(widths)")
    #expect(
      report
        == (try log.evaluate(target, discount: 0.9, bootstrap: ClusterBootstrap(resamples: 100))))
  }

  let temporary = TemporaryFolder()

  private func read(_ text: String) throws -> Trajectories {
    let path = temporary.path + "/s.csv"
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return try Trajectories.read(csv: path)
  }

  @Test("a log is read in the order of its steps, and written as it is read")
  func files() throws {
    let log = try read(
      """
      step,session,state,action,reward,propensity,target
      2,p,y,b,1,0.5,0.25
      1,q,x,a,0,1,0
      1,p,x,b,3,0.25,1

      """)
    #expect(log.count == 2 && log.offsets == [0, 2, 3] && log.longest == 2)
    #expect(log.states == [0, 1, 0] && log.actions == [1, 1, 0] && log.rewards == [3, 1, 0])
    #expect(log.propensities == [0.25, 0.5, 1] && log.targets == [1, 0.25, 0])
    try log.write(csv: temporary.path + "/t.csv")
    let again = try Trajectories.read(csv: temporary.path + "/t.csv")
    #expect(again.states == log.states && again.actions == log.actions)
    #expect(again.targets == log.targets && again.offsets == log.offsets)
    let path = temporary.path + "/p.csv"
    try target.write(path, stateIDs: log.stateIDs, actionIDs: log.actionIDs)
    #expect(try StatePolicy.read(path, for: log).table == target.table)
  }

  @Test("what is wrong with sessions and their policies is told by line and value")
  func wrong() throws {
    let head = "session,step,action,reward,propensity"
    for (text, parts) in [
      ("\(head)\n1,1,a,0,0\n", ["line 2", "propensity is \"0\"", "never taken as 1"]),
      ("\(head)\n1,1,a,0,1.5\n", ["line 2", "propensity is \"1.5\""]),
      ("session,step,action,reward\n1,1,a,0\n", ["no column propensity"]),
      ("step,action,reward,propensity\n1,a,0,1\n", ["no column session"]),
      ("\(head)\n1,one,a,0,1\n", ["step is \"one\""]), ("\(head)\n", ["no steps"]),
      ("\(head)\n1,1,a,0,1\n1,1,b,0,1\n", ["line 3", "step 1 of session 1", "again"]),
      ("\(head),target\n1,1,a,0,1,2\n", ["target is \"2\"", "0 ... 1"]),
    ] {
      do {
        _ = try read(text)
        Issue.record("\(text) was read")
      } catch {
        #expect(parts.allSatisfy("\(error)".contains), "\(error)")
      }
    }
    // 400 states, 400 actions and a session of 400 steps.
    let long = (0..<400).map { "1,\($0),a\($0),0,1,s\($0)\n" }.joined()
    #expect(throws: DataError.self) { try read("\(head),state\n" + long) }
    #expect(try read("\(head)\n" + long.replacing(/,s\d+\n/, with: "\n")).longest == 400)
    let log = try read("\(head),state\n1,1,a,0,1,x\n2,1,b,0,1,x\n")
    for (text, parts) in [
      ("action,probability\nc,1\n", ["action is \"c\""]),
      ("action,probability\na,0.5\n", ["state x sum to 0.5"]),
      ("state,action,probability\nz,a,1\n", ["state is \"z\""]),
      ("state,action,probability\nx,a,2\n", ["probability is \"2\""]),
    ] {
      let path = temporary.path + "/p.csv"
      try text.write(toFile: path, atomically: true, encoding: .utf8)
      do {
        _ = try StatePolicy.read(path, for: log)
        Issue.record("\(text) was read")
      } catch {
        #expect(parts.allSatisfy("\(error)".contains), "\(error)")
      }
    }
    #expect(throws: ConfigurationError.self) { try log.evaluate(nil) }
    #expect(throws: ConfigurationError.self) { try log.evaluate(.uniform(log), discount: 1.1) }
    #expect(throws: ConfigurationError.self) { try log.evaluate(.uniform(log), folds: 3) }
  }
}
