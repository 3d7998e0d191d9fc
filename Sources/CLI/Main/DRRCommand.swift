import ArgumentParser
import Benchmarks
import Commands
import DRR
import Kernels
import Platform
import Terminal

@main
package struct DRRCommand: ParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "drr",
    abstract: "Reinforcement-learning recommendation on a GPU or a CPU.",
    discussion: """
      Train on real ratings, evaluate beside baselines, and recommend:

        drr train drr --data ml-100k.zip --run runs/first
        drr evaluate --run runs/first
        drr recommend --run runs/first --user 196 --top 10

      Without --data the ratings are generated: nothing has to be downloaded.

      Every command takes --quiet, which leaves warnings and errors; --log-level debug, info, warning \
      or error; and --color auto, always or never. NO_COLOR is heeded. The exit code is 0 for \
      success, 1 where the work failed, 3 where `drr promote` leaves a model as it is, 64 for a \
      command line that cannot be understood, and 130 after Control-C.
      """,
    version: Program.title,
    subcommands: commands + [Benchmark.self])

  package init() {}

  package static func main() {
    Console.surviveFileLimits()
    let isWatched = CommandLine.arguments.contains("--report-progress")
    Interrupt.watch(isWatched: isWatched)
    KernelCompilation.tell { Console.note($0) }
    var config: ConfigFile?
    do {
      var words = Array(CommandLine.arguments.dropFirst())
      try begin(&words, isWatched: isWatched)
      words = try OldNames.rewritten(words)
      if words.starts(with: ["help", "terms"]) { words.removeFirst() }
      config = try ConfigFile.named(in: words)
      words = try config?.expand(words) ?? words
      var command = try parseAsRoot(words)
      do {
        try RepeatedOptions.refuse(words, of: type(of: command))
        try requireOneProcess(for: type(of: command))
        try command.run()
      } catch let error as ValidationError {
        refuse(error, type(of: command))
      } catch let error as ConfigurationError {
        throw try CommandHelp(of: type(of: command)).named(error, in: words)
      }
    } catch is Interrupted {
      Platform.exit(130)
    } catch let code as ExitCode where code != .success {
      Platform.exit(code.rawValue)
    } catch {
      // A mistyped word is repeated in the message.
      guard exitCode(for: error) != .success else { exit(withError: error) }
      Console.fail(config?.placed(fullMessage(for: error)) ?? fullMessage(for: error))
      Platform.exit(exitCode(for: error).rawValue)
    }
  }

  private static func begin(_ words: inout [String], isWatched: Bool) throws {
    do {
      try Screen.begin(ScreenSettings(takenFrom: &words), isWatched: isWatched)
    } catch let error as RunError {
      throw ValidationError("\(error).")
    }
  }

  /// Ends as a word that cannot be parsed does, with the usage of the command that found it wrong.
  private static func refuse(_ error: ValidationError, _ command: any ParsableCommand.Type) -> Never
  {
    let usage = usageString(for: command)
    let path = usage.split(separator: " ").prefix { $0.first?.isLetter == true }
    Console.fail(
      """
      Error: \(error.message)
      Usage: \(usage)
        See '\(path.joined(separator: " ")) --help' for more information.
      """)
    Platform.exit(ExitCode.validationFailure.rawValue)
  }
}
