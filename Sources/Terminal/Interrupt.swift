import Platform
import Synchronization
import Tensor

/// SIGINT, as of Control-C, SIGTERM and SIGHUP: the process ends by them within a second, with
/// nothing half written, whatever it is doing.
///
/// Work that can be saved asks `isRequested` between its steps, saves, and ends. A step that is too
/// long for that is given up, and so is a long checkpoint where an older one is there: what was
/// saved before it stays. A second signal ends at once.
package enum Interrupt {
  private static let requested = Atomic<Bool>(false)
  private static let heeded = Atomic<Bool>(false)
  private static let checkpoints = Atomic<Int>(0)
  private static let saves = Atomic<Bool>(false)
  /// A byte for each signal; written to from its handler.
  private static let signals = Atomic<Int32>(-1)
  /// What commands are begun with.
  private static let program = Mutex("drr")

  /// How long a step may go on, in milliseconds.
  private static let patience: Int32 = 700
  /// How long it may take to save after that. What `mpirun` started is killed a second after the
  /// signal, and removes before what is on its way.
  private static let saving = getenv("OMPI_COMM_WORLD_SIZE") == nil ? 20_000 : 100

  /// Whether it is time to stop. Whoever asks and is told so saves and ends.
  package static var isRequested: Bool {
    guard requested.load(ordering: .relaxed) else { return false }
    heeded.store(true, ordering: .relaxed)
    return true
  }

  /// From here on what is under way is saved before the process ends.
  ///
  /// - Parameter program: what a person types ahead of the arguments to go on.
  package static func install(as program: String = "drr") {
    self.program.withLock { $0 = program }
    saves.store(true, ordering: .relaxed)
  }

  /// To be told that what begins has no checkpoint to go on from, and of each that is there then.
  package static func begins() { checkpoints.store(0, ordering: .relaxed) }
  package static func hasCheckpoint() { checkpoints.add(1, ordering: .relaxed) }

  /// Heeds signals from here on.
  ///
  /// - Parameter isWatched: whether another process reads standard error, whose end counts as a
  ///   signal.
  package static func watch(isWatched: Bool) {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { return }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    // Where there is no room for another thread, signals do what they do by themselves.
    guard Watcher(signals: ends[0], isWatched: isWatched).start() else { return }
    signals.store(ends[1], ordering: .relaxed)
    for number in [SIGINT, SIGTERM, SIGHUP] {
      let before = signal(number) { _ in
        let code = errno
        var byte: UInt8 = 0
        Interrupt.requested.store(true, ordering: .relaxed)
        _ = Platform.write(Interrupt.signals.load(ordering: .relaxed), &byte, 1)
        errno = code
      }
      // So `nohup` has it.
      if number == SIGHUP, unsafeBitCast(before, to: Int.self) == 1 { signal(number, SIG_IGN) }
    }
    if isWatched { signal(SIGPIPE, SIG_IGN) }
  }

  /// Waits for the first signal, and then sees to it that the process ends.
  private final class Watcher: Sendable {
    let signals: Int32
    let isWatched: Bool

    init(signals: Int32, isWatched: Bool) {
      (self.signals, self.isWatched) = (signals, isWatched)
    }

    /// Waits in a thread of its own; false where there can be none.
    func start() -> Bool {
      var thread = pthread_t()
      let own = Unmanaged.passRetained(self)
      let code = pthread_create(
        &thread, nil,
        { Unmanaged<Watcher>.fromOpaque($0!).takeRetainedValue().run() }, own.toOpaque())
      if code != 0 { own.release() }
      return code == 0
    }

    /// Whether a signal came, or, before the first, who reads this process's words ended.
    private func awaits(_ milliseconds: Int32, orReader: Bool = false) -> Bool {
      var requests = [
        pollfd(fd: signals, events: Int16(POLLIN), revents: 0),
        pollfd(fd: 2, events: 0, revents: 0),
      ]
      while true {
        let ready = poll(&requests, orReader ? 2 : 1, milliseconds)
        if ready < 0 { continue }
        if requests[0].revents != 0 {
          var byte: UInt8 = 0
          _ = read(signals, &byte, 1)
        }
        return ready > 0
      }
    }

    /// A disk that takes its time is not left with all but the end of a file. A long one, or arrays
    /// that take long to be copied, are given up where an older checkpoint stays.
    private func awaitSaving(since written: Int) {
      var before = checkpoints.load(ordering: .relaxed)
      for _ in 0..<saving / 50 {
        if awaits(50) { return }
        let isShort = Temporaries.isAtWork && FileSink.bytesWritten - written < FileSink.chunk
        let saved = checkpoints.load(ordering: .relaxed)
        // One that is whole by now says so itself, and the process ends.
        if saved > 0 && saved == before && !isShort { return }
        before = saved
      }
    }

    func run() -> Never {
      _ = awaits(-1, orReader: isWatched)
      requested.store(true, ordering: .relaxed)
      if saves.load(ordering: .relaxed) {
        let written = FileSink.bytesWritten
        let isOver = awaits(patience)
        let isSaving = heeded.load(ordering: .relaxed) || Temporaries.isAtWork
        if !isOver && isSaving { awaitSaving(since: written) }
        Interrupt.note("what was saved before stays", resume: typedCommand)
      }
      ChildProcess.endAll()
      Temporaries.removeAll { _exit(130) }
    }
  }

  /// Says what an interrupted command leaves behind, and the command that goes on from there.
  package static func note(_ saved: String, resume: String) {
    Console.fail("interrupted; \(saved); to go on: \(resume)")
  }

  /// The command as it was typed, as it goes on with what it has saved.
  package static var typedCommand: String {
    let words = CommandLine.arguments.dropFirst().filter { $0 != "--fresh" }
    return ([program.withLock { $0 }] + words.map(quoted)).joined(separator: " ")
  }

  /// A word as a shell takes it whole.
  private static func quoted(_ word: String) -> String {
    let isPlain = word.allSatisfy { $0.isLetter || $0.isNumber || "-_./:=,+%@".contains($0) }
    return isPlain && !word.isEmpty
      ? word
      : "'"
        + word.split(separator: "'", omittingEmptySubsequences: false)
        .joined(separator: #"'\''"#) + "'"
  }
}
