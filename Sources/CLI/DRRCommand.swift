import ArgumentParser
import Benchmarks
import DRR
import Kernels
import Logging
import Platform

@main
struct DRRCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "drr",
    abstract: "Reinforcement-learning recommendation on a GPU or a CPU.",
    discussion: """
      Train on real ratings, evaluate beside honest baselines, and recommend:

        drr train drr --data ml-100k.zip --run runs/first
        drr evaluate --run runs/first
        drr recommend --run runs/first --user 196 --top 10

      Without --data the ratings are generated: nothing has to be downloaded.
      """,
    version: programVersion,
    subcommands: [
      DevicesCommand.self, DataCommand.self, TrainCommand.self, EvaluateCommand.self,
      CompareCommand.self, SimulateCommand.self, RecommendCommand.self, BanditCommand.self,
      OpeCommand.self, Benchmark.self,
    ])

  static func main() {
    Console.surviveFileLimits()
    LoggingSystem.bootstrap { _ in PlainLogHandler() }
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch is Interrupted {
      Platform.exit(130)
    } catch {
      exit(withError: error)
    }
  }
}

/// Options that every command has.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Print the result as JSON on standard output.")
  var json = false
}

/// The root of the commands, for the tests of their help.
package var rootCommand: any ParsableCommand.Type { DRRCommand.self }
