import Bandits
import Foundation
import Testing

/// What a run folder may do to an experiment that goes on from it.
@Suite("A stored trial that no experiment writes is refused")
struct StoredTrialTests {
  private typealias Place = [any Sendable]

  /// Every number and every list of a decoded JSON value, by the keys and indices that lead there.
  private func places(_ value: Any, at place: Place = []) -> (numbers: [Place], lists: [Place]) {
    var (numbers, lists): ([Place], [Place]) = ([], [])
    func add(_ found: (numbers: [Place], lists: [Place])) {
      numbers += found.numbers
      lists += found.lists
    }
    switch value {
    case let fields as [String: Any]:
      for key in fields.keys.sorted() { add(places(fields[key]!, at: place + [key])) }
    case let list as [Any]:
      if !list.isEmpty { lists.append(place) }
      // The first and the last stand for all.
      for at in Set([0, list.count - 1]) where list.indices.contains(at) {
        add(places(list[at], at: place + [at]))
      }
    case let number as NSNumber where isBoolean(number): break
    case is NSNumber: numbers.append(place)
    default: break
    }
    return (numbers, lists)
  }

  private func isBoolean(_ number: NSNumber) -> Bool {
    String(cString: number.objCType) == "c"
  }

  private func changing(
    _ value: Any, at place: ArraySlice<any Sendable>, _ change: (Any) -> Any
  ) -> Any {
    guard let step = place.first else { return change(value) }
    if var list = value as? [Any], let at = step as? Int {
      list[at] = changing(list[at], at: place.dropFirst(), change)
      return list
    }
    guard var fields = value as? [String: Any], let key = step as? String, let field = fields[key]
    else {
      Issue.record("\(place) leads to nothing")
      return value
    }
    fields[key] = changing(field, at: place.dropFirst(), change)
    return fields
  }

  private func expectRefused<Problem: BanditProblem>(
    _ problem: Problem, _ policies: [String]
  ) throws {
    for policy in policies {
      var experiment = try BanditExperiment(
        BanditConfiguration(problem, policies: [policy], rounds: 100, seeds: 1, seed: 5))
      let fresh = experiment
      try experiment.advance(rounds: 30)
      let encoded = try JSONEncoder().encode(experiment.state())
      let state = try #require(JSONSerialization.jsonObject(with: encoded) as? [String: Any])
      let text = try #require(state["trial"] as? String)
      let stored = try #require(Data(base64Encoded: text))
      let trial = try JSONSerialization.jsonObject(with: stored)

      /// Whether an experiment goes on from the trial so changed.
      func isTaken(_ changed: Any) throws -> Bool {
        var state = state
        state["trial"] = try JSONSerialization.data(withJSONObject: changed).base64EncodedString()
        let bytes = try JSONSerialization.data(withJSONObject: state)
        var other = fresh
        do {
          return try other.restore(
            JSONDecoder().decode(BanditExperiment<Problem>.State.self, from: bytes))
        } catch is DecodingError { return false }
      }

      #expect(try isTaken(trial), "\(policy)")
      let (numbers, lists) = places(trial)
      #expect(numbers.count > 3)
      for place in numbers {
        // A generator may be anywhere in its sequence.
        if place.last as? String == "counter" { continue }
        for wrong in [-1e300, 1e300, -9e18, 9e18, Int.min, Int.max] as [Any] {
          let changed = changing(trial, at: place[...]) { _ in wrong }
          #expect(try !isTaken(changed), "\(Problem.kind), \(policy): \(place) = \(wrong)")
        }
      }
      for place in lists {
        let changed = changing(trial, at: place[...]) { ($0 as? [Any])?.dropLast() ?? [] }
        #expect(try !isTaken(changed), "\(Problem.kind), \(policy): \(place) is shorter")
      }
    }
  }

  @Test("with any number out of its range, and any list cut short, for every problem and policy")
  func numbers() throws {
    try expectRefused(BernoulliArms(), BernoulliArms.usualPolicies)
    try expectRefused(LinearProblem(arms: 3, width: 2), LinearProblem.usualPolicies)
    try expectRefused(
      LinearProblem(arms: 3, width: 2, disjoint: true), LinearProblem.disjointPolicies)
    try expectRefused(CascadeProblem(items: 5, places: 2), CascadeProblem.usualPolicies)
    for model in [
      ClickModel.cascade(continuation: 0.7), .positions(examination: [1, 0.5]),
    ] {
      try expectRefused(
        AdProblem(rates: [0.1, 0.3, 0.2], payments: [3, 1, 2], places: 2, model: model),
        AdProblem.usualPolicies)
    }
    try expectRefused(
      ExhibitionProblem(rooms: 2, exhibitsPerRoom: 3, crowd: 10),
      ExhibitionProblem.usualPolicies + ["no-crowd", "only-user"])
  }
}
