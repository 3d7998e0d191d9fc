import ArgumentParser

/// Every measurement: `bench`, and `drr bench`.
public struct Benchmark: ParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measure drr.",
    discussion: """
      Every figure is a median with its quartiles; a peer takes turns with it. A peer's script says \
      how to install it, and one that is not there is left out by name.

      Examples:
        drr bench all --output bench/results
        drr bench kernels --device opencl --threads 1
        drr bench compare before.json after.json
      """,
    subcommands: [
      All.self, Latency.self, CeilingsCommand.self, KernelsCommand.self, Products.self,
      Updates.self, Score.self, Replay.self, DataCommand.self, Tune.self, Compare.self,
      RooflineCommand.self, Environments.self, Steps.self, Worlds.self, Splits.self,
      Reproduce.self, FirstUpdate.self,
    ])

  public init() {}
}
