import CBench
import DRR
import Platform

/// Something that is timed: the calls of a round and what they are waited for with.
struct Work {
  var name: String
  var call: () throws -> Void
  var finish: () throws -> Void = {}

  /// One call after the other, each on the next of several sets of inputs.
  init(_ name: String, _ calls: [() -> Void], finish: @escaping () throws -> Void = {}) {
    self.name = name
    var next = 0
    call = {
      calls[next]()
      next = next + 1 == calls.count ? 0 : next + 1
    }
    self.finish = finish
  }

  init(
    _ name: String, finish: @escaping () throws -> Void = {}, _ call: @escaping () throws -> Void
  ) {
    (self.name, self.call, self.finish) = (name, call, finish)
  }
}

/// Rounds of calls, long enough to be timed, the works taking turns.
struct Harness {
  var rounds = 9
  var secondsPerRound = 0.02
  /// Calls a round; as many as fill it where nil.
  var calls: Int?
  /// No work takes longer in all, but each gets three rounds.
  var mostSeconds = 20.0

  /// One value a round for each of the works, which take turns: A B A B …
  func measure(_ works: [Work], progress: (_ round: Int) -> Void = { _ in }) throws -> [Samples] {
    let plans = try works.map(plan)
    var samples = works.map { _ in Samples() }
    for round in 0..<(plans.map(\.rounds).max() ?? 0) {
      for (index, work) in works.enumerated() where round < plans[index].rounds {
        let time = try timed(work, plans[index].calls)
        samples[index].wall.append(time.wall)
        samples[index].cpu.append(time.cpu)
      }
      progress(round + 1)
    }
    return samples
  }

  /// Warms up, and finds how many calls fill a round.
  private func plan(_ work: Work) throws -> (calls: Int, rounds: Int) {
    var seconds = try timed(work, 1).wall
    var calls = 1
    while seconds * Double(calls) < secondsPerRound / 4 && calls < 1 << 20 {
      calls *= 2
      seconds = try timed(work, calls).wall
    }
    calls = self.calls ?? max(1, Int((secondsPerRound / max(seconds, 1e-9)).rounded()))
    let round = max(seconds * Double(calls), 1e-9)
    return (calls, min(rounds, max(3, Int(mostSeconds / round))))
  }

  private func timed(_ work: Work, _ calls: Int) throws -> (wall: Double, cpu: Double) {
    let (start, busy) = (ContinuousClock.now, processSeconds())
    for _ in 0..<calls { try work.call() }
    try work.finish()
    let wall = (ContinuousClock.now - start).seconds
    return (wall / Double(calls), (processSeconds() - busy) / Double(calls))
  }
}

/// CPU seconds of this process so far, user and system.
func processSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
