import ArgumentParser
import DRR

/// How many runs that differ in their seeds alone.
struct GroupOptions: ParsableArguments {
  @Option(
    help: """
      Runs with as many seeds, from --seed on, side by side in the folders seed-0, seed-1 … \
      (default: one run, in the folder itself).
      """)
  var seeds: Int?
  @Option(
    help: """
      The same again for as many splits of the users, from --split-seed on, in split-0/seed-0 … \
      (default: one split).
      """)
  var splits: Int?

  func validate() throws {
    for (name, number) in [("--seeds", seeds), ("--splits", splits)] {
      if let number, !(1...1_000).contains(number) {
        throw ValidationError("\(name) is \(number); it must be 1 ... 1000.")
      }
    }
  }

  /// The group to train: that asked for, else that of the folder; nil for a run alone.
  func wanted(_ folder: RunFolder, fresh: Bool) throws -> RunGroup? {
    let begun = try folder.readGroup()
    guard begun != nil || splits != nil || (seeds ?? 1) > 1 else { return nil }
    if try folder.readConfiguration() != nil {
      throw RunError("\(folder.path) holds a run of its own; name another --run for several")
    }
    var group = begun ?? RunGroup(seeds: 1)
    if let seeds { group.seeds = seeds }
    if let splits {
      if let begun, begun.splits == nil {
        throw RunError(
          "\(folder.path): its runs were begun without splits; name another --run for --splits")
      }
      group.splits = splits
    }
    return group
  }
}
