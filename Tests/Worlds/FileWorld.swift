import DRRCore
import Environments
import TestSupport
import Testing

/// A tabular MDP as a file has it, of two rows of three tiles: below lie the start, a cliff and the
/// goal. A step costs 1, a fall 5 and the way back to the start, and the goal ends the episode.
package enum FileWorld {
  package static let text = """
    state,action,probability,next,reward,done
    start,left,1,start,-1,0
    start,right,1,start,-5,0
    start,up,1,north west,-1,0
    start,down,1,start,-1,0
    north west,left,1,north west,-1,0
    north west,right,1,north,-1,0
    north west,up,1,north west,-1,0
    north west,down,1,start,-1,0
    north,left,1,north west,-1,0
    north,right,1,north east,-1,0
    north,up,1,north,-1,0
    north,down,1,start,-5,0
    north east,left,1,north,-1,0
    north east,right,1,north east,-1,0
    north east,up,1,north east,-1,0
    north east,down,1,goal,-1,1

    """
  package static let discount = 0.9
  /// Of the start, four steps from the goal: −1 − γ − γ² − γ³.
  package static let best = -3.439
  package static let path = ["start", "north west", "north", "north east", "goal"]

  /// Writes it, and gives a run's settings its file.
  package static func read(
    for settings: inout some ProcessSettings, in folder: TemporaryFolder, _ name: String = "own.csv"
  ) throws -> FiniteProcess {
    let read = try ProcessFile.read(folder.write(name, text))
    (settings.file, settings.discount) = (read.file, discount)
    return read.process
  }

  /// A run that is stopped after some steps and goes on, with another file of the same text each
  /// time: its last trainer and report, and the bytes that it leaves.
  ///
  /// - Parameter make: its trainer anew.
  package static func trained<Settings: ProcessSettings, Training: Trainer>(
    _ settings: Settings, in folder: TemporaryFolder, _ name: String, stops: [Int],
    _ make: (Settings, FiniteProcess) throws -> Training
  ) throws -> (trainer: Training, last: Training.Report, bytes: [UInt8]) {
    func begun(_ file: String) throws -> (run: Run<Settings>, trainer: Training) {
      var settings = settings
      let process = try read(for: &settings, in: folder, file)
      let run = try Run(settings, folder: RunFolder("\(folder.path)/\(name)"))
      if !folder.exists(name) { try run.begin() }
      return (run, try make(settings, process))
    }
    for stop in stops {
      let (run, trainer) = try begun("\(name)-\(stop).csv")
      var observer = Observer()
      observer.shouldStop = { trainer.step >= stop }
      #expect(throws: Interrupted.self) { try run.train(trainer, device: "cpu", observer) }
    }
    let (run, trainer) = try begun("\(name).csv")
    let last = try #require(try run.train(trainer, device: "cpu"))
    return (
      trainer, last,
      try Array(folder.data("\(name)/checkpoint.safetensors"))
        + Array(folder.data("\(name)/metrics.jsonl"))
    )
  }
}
