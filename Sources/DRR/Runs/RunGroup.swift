import DRRCore

/// Runs that differ in their seeds alone, in one folder: `seed-0`, `seed-1` …, or
/// `split-0/seed-0` … where the users are split anew as well.
public struct RunGroup: Codable, Hashable, Sendable {
  /// Training seeds, counted on from the first run's.
  public var seeds: Int
  /// Split seeds, counted on likewise; nil: one, without folders of splits.
  public var splits: Int?

  /// A group of seeds · splits runs.
  public init(seeds: Int, splits: Int? = nil) {
    self.seeds = seeds
    self.splits = splits
  }

  /// - Throws: `ConfigurationError` unless there are 1 ... 1,000 seeds and splits.
  public func validate() throws(ConfigurationError) {
    try ConfigurationError.require("seeds", seeds, in: 1...1_000)
    try ConfigurationError.require("splits", splits ?? 1, in: 1...1_000)
  }

  /// One of the runs.
  public struct Member: Hashable, Sendable {
    /// Its folder below the group's, such as `split-0/seed-1`.
    public var name: String
    /// What its seeds are above those of the first.
    public var seed: UInt64
    /// What its split seed is above that of the first.
    public var split: UInt64

    /// Its folder in a group's.
    public func folder(in group: RunFolder) -> RunFolder { RunFolder("\(group.path)/\(name)") }

  }

  /// Split by split.
  public var members: [Member] {
    (0..<UInt64(splits ?? 1)).flatMap { split in
      (0..<UInt64(seeds)).map { seed in
        Member(
          name: (splits == nil ? "" : "split-\(split)/") + "seed-\(seed)", seed: seed,
          split: split)
      }
    }
  }
}

extension RunFolder {
  /// What makes a folder that of a group.
  public var group: String { path + "/runs.json" }

  /// The group of runs that the folder holds; nil where it holds none.
  ///
  /// - Throws: `RunError` where the file cannot be read as one.
  public func readGroup() throws -> RunGroup? {
    guard exists(group) else { return nil }
    guard let found = read(RunGroup.self, from: group), (try? found.validate()) != nil else {
      throw RunError("\(group): not the list of a group's runs")
    }
    return found
  }

  /// The algorithm of the run, or of the first run of the group, that the folder holds; nil where
  /// it holds none.
  public func readGroupAlgorithm() -> String? {
    let first = (try? readGroup())?.members[0].folder(in: self) ?? self
    return first.readAlgorithm()
  }
}
