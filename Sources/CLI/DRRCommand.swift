import ArgumentParser
import Benchmarks
import DRR
import Kernels
import Logging

@main
struct DRRCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "drr",
    abstract: "Reinforcement-learning recommendation on a GPU or a CPU.",
    discussion: """
      Train on real ratings, evaluate beside baselines, and recommend:

        drr train drr --data ml-100k.zip --run runs/first
        drr evaluate --run runs/first
        drr recommend --run runs/first --user 196 --top 10

      Without --data the ratings are generated: nothing has to be downloaded.
      """,
    version: programTitle,
    subcommands: [
      DevicesCommand.self, DataCommand.self, TrainCommand.self, EvaluateCommand.self,
      CompareCommand.self, SimulateCommand.self, RecommendCommand.self, ExportCommand.self,
      BanditCommand.self, OpeCommand.self, Benchmark.self,
    ])

  static func main() {
    Console.surviveFileLimits()
    LoggingSystem.bootstrap { _ in PlainLogHandler() }
    do {
      let words = try OldNames.rewritten(Array(CommandLine.arguments.dropFirst()))
      var command = try parseAsRoot(words)
      try command.run()
    } catch is Interrupted {
      Foreign.exit(130)
    } catch {
      exit(withError: error)
    }
  }
}

/// The root of the commands, for the tests of their help.
package var rootCommand: any ParsableCommand.Type { DRRCommand.self }
