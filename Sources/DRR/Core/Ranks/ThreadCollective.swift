import Dispatch
import Synchronization
import Tensor

/// Ranks that are threads of this process.
public final class ThreadCollective: Collective {
  public let rank: Int
  public var size: Int { group.size }
  private let group: Group

  private init(rank: Int, group: Group) {
    self.rank = rank
    self.group = group
  }

  /// Runs `body` once a rank, each on a thread of its own, and returns what they made.
  ///
  /// - Throws: `CollectiveError.lost` with the first rank that threw, and its error; the ranks that
  ///   it left alone stop.
  public static func run<Result: Sendable>(
    _ size: Int, _ body: @escaping @Sendable (any Collective) throws -> Result
  ) throws -> [Result] {
    let group = Group(size: size)
    let results = Mutex<[Result?]>(Array(repeating: nil, count: size))
    let finished = DispatchGroup()
    for rank in 0..<size {
      // A queue of its own: ranks wait for each other, so each needs a thread.
      DispatchQueue(label: "rank \(rank)").async(group: finished) {
        do {
          let result = try body(ThreadCollective(rank: rank, group: group))
          results.withLock { $0[rank] = result }
          group.leave(rank)
        } catch {
          group.fail(rank, error)
        }
      }
    }
    finished.wait()
    if let error = group.error { throw error }
    return results.withLock { $0.map { $0! } }
  }

  public func exchange(
    _ sent: [UnsafeRawBufferPointer], into received: [UnsafeMutableRawBufferPointer]
  ) throws(CollectiveError) {
    try group.exchange(rank, Message(parts: sent)) { from, message in
      received[from].copyMemory(from: message.parts[rank])
    }
  }

  /// What a rank sends to each, which stays in place until all have it.
  private struct Message: @unchecked Sendable {
    let parts: [UnsafeRawBufferPointer]
  }
}

extension ThreadCollective {
  /// The meeting place: each puts its value down, and when all have, each takes all.
  private final class Group: Sendable {
    let size: Int
    private let state: Mutex<State>
    /// One a rank, on which it waits for the others.
    private let gates: [DispatchSemaphore]

    private struct State {
      var messages: [Message?]
      var arrived = 0
      /// Meetings that all came to.
      var meetings = 0
      var failure: (rank: Int, error: any Error)?
      var left: Int?

      var lost: CollectiveError? {
        if let failure { return .lost(rank: failure.rank, reason: "\(failure.error)") }
        return left.map { .lost(rank: $0, reason: "it was done before the others") }
      }
    }

    init(size: Int) {
      self.size = size
      state = Mutex(State(messages: Array(repeating: nil, count: size)))
      gates = (0..<size).map { _ in DispatchSemaphore(value: 0) }
    }

    var error: CollectiveError? { state.withLock { $0.failure == nil ? nil : $0.lost } }

    func fail(_ rank: Int, _ error: any Error) {
      state.withLock { if $0.failure == nil { $0.failure = (rank, error) } }
      for gate in gates { gate.signal() }
    }

    /// A rank that is done: a rank that still waits for it waits in vain.
    func leave(_ rank: Int) {
      let isMissed = state.withLock { state in
        state.left = state.left ?? rank
        return state.arrived > 0
      }
      if isMissed { for gate in gates { gate.signal() } }
    }

    func exchange(
      _ rank: Int, _ message: Message, take: (_ from: Int, Message) -> Void
    ) throws(CollectiveError) {
      try meet(rank, message)
      let all = state.withLock(\.messages)
      for (from, message) in all.enumerated() { take(from, message!) }
      // No rank puts the next message down before all have taken these.
      try meet(rank, nil)
    }

    private func meet(_ rank: Int, _ message: Message?) throws(CollectiveError) {
      enum Arrival {
        case last, waiting(meeting: Int), lost(CollectiveError)
      }
      let arrival: Arrival = state.withLock { state in
        if let lost = state.lost { return .lost(lost) }
        if let message { state.messages[rank] = message }
        state.arrived += 1
        guard state.arrived == size else { return .waiting(meeting: state.meetings) }
        state.arrived = 0
        state.meetings += 1
        return .last
      }
      switch arrival {
      case .lost(let error): throw error
      case .last: for other in 0..<size where other != rank { gates[other].signal() }
      case .waiting(let meeting):
        while true {
          gates[rank].wait()
          let (isOver, lost) = state.withLock { ($0.meetings > meeting, $0.lost) }
          if isOver { return }
          if let lost { throw lost }
        }
      }
    }
  }
}
