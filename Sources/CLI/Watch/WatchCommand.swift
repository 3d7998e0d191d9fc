import ArgumentParser
import DRR
import Platform

struct WatchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch", abstract: "Follow a run's curves in the terminal.",
    discussion: """
      Draws what a training reports, as it reports it, until the run is finished or Control-C; the \
      training itself is not touched. Where there is no terminal the curves are printed once.

      Examples:
        drr watch runs/first
        drr watch runs/first --curves 3 --every 5
        drr watch runs/first --once
      """)

  @Argument(help: "The folder of a run, or of several.", completion: .directory)
  var folder = "runs/default"
  @Option(help: "Seconds between drawings.")
  var every = 2.0
  @Option(help: "How many curves.")
  var curves = 2
  @Flag(help: "Draw once.")
  var once = false

  func validate() throws {
    if !(every >= 0.1 && every <= 86_400) {
      throw ValidationError("--every is \(every); it must be 0.1 ... 86400 seconds.")
    }
    if !(1...20).contains(curves) {
      throw ValidationError("--curves is \(curves); it must be 1 ... 20.")
    }
  }

  func run() throws {
    Interrupt.install()
    var drawn = 0
    while true {
      let watched = try WatchedRun(RunFolder(folder), curves: curves)
      let plots = watched.curves.map { TextPlot($0.title, $0.points) }
      let columns = min(Screen.columns, 160)
      let text =
        ([fitted(watched.heading, columns: columns)]
        + plots.map { $0.text(columns: columns, rows: 8) })
        .joined(separator: "\n\n")
      let isLast = once || watched.isFinished || isatty(1) != 1
      // Over the drawing before, of which nothing is left.
      let back = drawn > 0 ? "\u{1B}[\(drawn)F\u{1B}[J" : ""
      Screen.draw(over: back, isLast ? "" : text)
      if isLast { return try Console.result(text) }
      drawn = text.count { $0.isNewline } + 1
      let end = ContinuousClock.now + .seconds(every)
      while ContinuousClock.now < end {
        if Interrupt.isRequested { throw Interrupted(step: 0) }
        usleep(50_000)
      }
    }
  }
}
