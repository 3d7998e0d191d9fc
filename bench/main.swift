import ArgumentParser

Benchmark.main()

struct Benchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measure drr.",
    subcommands: [Updates.self, Environments.self, Splits.self, Reproduce.self])
}
