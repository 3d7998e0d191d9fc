import DRR
import Kernels
import Platform

/// Trainings that go on side by side, each a `drr` of its own on one core.
struct TrainingPool {
  struct Job {
    var name: String
    /// What stands behind `drr`; it reports its progress.
    var words: [String]
  }

  struct Outcome {
    /// How many ran to their end.
    var finished = 0
    /// Why others did not, by name, the first first.
    var failures: [(name: String, reason: String)] = []
  }

  private struct Worker {
    var job: Job
    var process: ChildProcess
    var report: ProgressReport?
    var error: String?
  }

  /// How many at a time.
  var width = max(CPUBackend.info.computeUnits, 1)
  /// Whether the first that fails stops the others, which save.
  var stopsAtFailure = true

  /// Runs all to their end, or until Control-C asks them to stop and save.
  ///
  /// - Parameter show: is told how many ended well, and the latest reports of those at work.
  func run(
    _ jobs: [Job], _ show: (_ finished: Int, _ reports: [ProgressReport]) -> Void
  ) throws -> Outcome {
    var waiting = jobs[...]
    var working: [Worker] = []
    var outcome = Outcome()
    var isStopping = false
    // Whatever goes wrong here, no training is left behind.
    defer { for worker in working { worker.process.send(SIGTERM) } }
    while !working.isEmpty || (!waiting.isEmpty && !isStopping) {
      while working.count < width, !isStopping, let job = waiting.popFirst() {
        // One thread each: the processes are as many as the cores.
        let process = try ChildProcess(
          [ChildProcess.own] + job.words, reading: .error,
          setting: ["OPENBLAS_NUM_THREADS": "1"], without: Ranks.signs, quietly: true,
          apart: true)
        working.append(Worker(job: job, process: process))
      }
      usleep(50_000)
      for index in working.indices.reversed() {
        // Whether it ended is asked first, so that its last lines are read.
        let exit = working[index].process.exit()
        read(&working[index], isStopping: isStopping)
        guard let exit else { continue }
        let worker = working.remove(at: index)
        if exit == .code(0) {
          outcome.finished += 1
        } else if !(isStopping && exit.isStop) {
          outcome.failures.append((worker.job.name, worker.error ?? exit.text))
        }
      }
      if !isStopping, Interrupt.isRequested || (stopsAtFailure && !outcome.failures.isEmpty) {
        isStopping = true
        for worker in working { worker.process.send(SIGTERM) }
      }
      show(outcome.finished, working.compactMap(\.report))
    }
    return outcome
  }

  /// Takes in what a training has said, and passes on what a person should know.
  private func read(_ worker: inout Worker, isStopping: Bool) {
    let warning = "warning: "
    for line in worker.process.lines() where !line.isEmpty {
      if let report = ProgressReport(line: line) {
        worker.report = report
      } else if line.hasPrefix("Error: ") {
        worker.error = String(line.dropFirst("Error: ".count))
      } else if line.hasPrefix(warning) {
        Console.warn("\(worker.job.name): \(line.dropFirst(warning.count))")
      } else if !line.hasPrefix("interrupted;") || !isStopping {
        Console.note("\(worker.job.name): \(line)")
      }
    }
  }
}

extension ChildProcess.Exit {
  /// Asked to end, a run saves and says so; one that has not started yet just ends.
  var isStop: Bool { self == .code(130) || self == .signal(SIGTERM) }

  var text: String {
    switch self {
    case .code(let code): "ended with code \(code)"
    case .signal(let signal): "ended by signal \(signal)"
    }
  }
}
