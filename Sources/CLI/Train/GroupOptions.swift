import ArgumentParser
import DRR

/// How many runs that differ in their seeds alone.
struct GroupOptions: ParsableArguments {
  @Option(
    help: """
      Number of runs, with seeds from --seed on, in the folders seed-0, seed-1 … side by side. \
      (default: one run, in the folder itself)
      """)
  var seeds: Int?
  @Option(
    help: """
      The same for as many splits, with seeds from --split-seed on, in split-0/seed-0 … \
      (default: one split)
      """)
  var splits: Int?

  /// An option given that only runs on ratings have a use for.
  var firstOfRatings: String? { Commands.firstGiven([("--splits", splits != nil)]) }

  func validate() throws {
    for (name, number) in [("--seeds", seeds), ("--splits", splits)] {
      if let number, number < 1 {
        throw ValidationError("\(name) is \(number); it must be at least 1.")
      }
      if let number, number > 1_000 {
        throw ValidationError("\(name) is \(number); it must be at most 1000.")
      }
    }
  }

  /// The group to train: that asked for, else that of the folder; nil for a run alone.
  func wanted(_ folder: RunFolder, fresh: Bool) throws -> RunGroup? {
    let begun = try folder.readGroup()
    guard begun != nil || splits != nil || (seeds ?? 1) > 1 else { return nil }
    if begun == nil && folder.exists(folder.configuration) && !fresh {
      throw RunError("\(folder.path) holds a run of its own; name another --run for several")
    }
    var group = begun ?? RunGroup(seeds: 1)
    if let seeds { group.seeds = seeds }
    if let splits {
      if let begun, begun.splits == nil {
        throw RunError(
          "\(folder.path): its runs were started without splits; name another --run for --splits")
      }
      group.splits = splits
    }
    return group
  }
}
