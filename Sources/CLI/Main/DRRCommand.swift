import ArgumentParser
import Benchmarks
import Commands
import DRR
import EnvCommands
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
    subcommands: commands + [EnvCommand.self, Benchmark.self])

  package init() {}

  package static func main() {
    Console.surviveFileLimits()
    let isWatched = CommandLine.arguments.contains("--report-progress")
    Interrupt.watch(isWatched: isWatched)
    KernelCompilation.tell { Console.note($0) }
    var config: ConfigFile?
    var words = Array(CommandLine.arguments.dropFirst())
    do {
      try begin(&words, isWatched: isWatched)
      words = try OldNames.rewritten(words)
      if words.starts(with: ["help", "terms"]) { words.removeFirst() }
      try requireHelp(words)
      config = try ConfigFile.named(in: words)
      words = try config?.expand(words) ?? words
      var command = try parseAsRoot(words)
      try RepeatedOptions.refuse(words, of: type(of: command))
      try requireNamedDevice(in: command)
      try Ranks.run(&command)
    } catch is Interrupted {
      Ranks.exit(130)
    } catch let code as ExitCode where code != .success {
      Ranks.exit(code.rawValue)
    } catch is ChildProcess.Failure {
      Ranks.exit(ExitCode.failure.rawValue)
    } catch {
      // A mistyped word is repeated in the message.
      guard exitCode(for: error) != .success else { exit(withError: error) }
      if !Ranks.areAtWork { Ranks.letFirstSpeak() }
      let message = fullMessage(for: error)
      let text = (try? Refusal(words, of: Self.self).text(of: error, message)) ?? message
      Console.fail(config?.placed(text) ?? text)
      Ranks.exit(exitCode(for: error).rawValue)
    }
  }

  private static func begin(_ words: inout [String], isWatched: Bool) throws {
    do {
      try Screen.begin(ScreenSettings(takenFrom: &words), isWatched: isWatched)
    } catch let error as RunError {
      throw ValidationError("\(error).")
    }
  }

  /// Refuses the help of what is no command; the parser would show that of what stands above.
  private static func requireHelp(_ words: [String]) throws {
    guard words.first == "help" else { return }
    let command = NamedCommand(words.dropFirst(), of: self)
    guard let word = command.next else { return }
    let near = nearest(word, in: command.known)
    throw ValidationError(
      "\(word) is no command; "
        + (near.map { "did you mean \($0)?" } ?? "`\(command.title) --help` lists them"))
  }
}
