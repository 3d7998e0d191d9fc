import DRRCore
import Serving
import Synchronization

/// Scores requests of many tasks together: what comes while one batch is scored makes the next, so
/// that no request waits for others and a busy server scores full batches.
final class Batcher: Sendable {
  private struct Job {
    let request: ServingPolicy.Prepared
    let count: Int
    let continuation: CheckedContinuation<[Recommendation], any Error>
  }

  private struct Queue {
    var jobs: [Job] = []
    var isScoring = false
  }

  private let policy: ServingPolicy
  private let queue = Mutex(Queue())
  /// Told of the size of each batch.
  private let observe: @Sendable (Int) -> Void
  /// Requests of a batch at most.
  static let limit = 64

  init(_ policy: ServingPolicy, observe: @escaping @Sendable (Int) -> Void = { _ in }) {
    (self.policy, self.observe) = (policy, observe)
  }

  /// The best items of a recipient, best first.
  ///
  /// - Throws: `ServingError` where the model's scores are not numbers.
  func recommend(
    _ request: ServingPolicy.Prepared, count: Int
  ) async throws -> [Recommendation] {
    try await withCheckedThrowingContinuation { continuation in
      let job = Job(request: request, count: count, continuation: continuation)
      let isIdle = queue.withLock { queue in
        queue.jobs.append(job)
        defer { queue.isScoring = true }
        return !queue.isScoring
      }
      if isIdle { Task { self.score() } }
    }
  }

  private func score() {
    while true {
      let jobs = queue.withLock { queue in
        let jobs = Array(queue.jobs.prefix(Self.limit))
        queue.jobs.removeFirst(jobs.count)
        queue.isScoring = !jobs.isEmpty
        return jobs
      }
      if jobs.isEmpty { return }
      observe(jobs.count)
      let most = jobs.reduce(1) { max($0, $1.count) }
      do {
        let lists = try policy.recommend(jobs.map(\.request), most)
        for (job, list) in zip(jobs, lists) {
          job.continuation.resume(returning: Array(list.prefix(job.count)))
        }
      } catch {
        for job in jobs { job.continuation.resume(throwing: error) }
      }
    }
  }
}
