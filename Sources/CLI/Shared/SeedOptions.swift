import ArgumentParser

/// The seed of a command that leaves no run behind.
struct SeedOption: ParsableArguments {
  @Option(help: "Seed of all that is drawn at random.")
  var seed: UInt64 = 0
}

/// The seed of a run that is trained.
struct RunSeedOption: ParsableArguments {
  @Option(help: "Seed of weights, orders and exploration. (default: 0)")
  var seed: UInt64?
}

/// The seed of a measurement on a run.
struct MeasurementSeedOption: ParsableArguments {
  @Option(help: "Seed of random policies and intervals. (default: the run's)")
  var seed: UInt64?
}
