import DRRCore
import DRRData
import Factorization
import Platform
import Tensor

/// What a run's factorisation, and the beliefs of its agent, began with of an earlier run's.
public struct WarmStart: Codable, Hashable, Sendable {
  /// The file of the vectors, as `PMFStart` writes it. No part of the identity.
  public var path: String
  /// The file's CRC-32, 8 hexadecimal digits.
  public var checksum: String
  /// The CRC-32 of the file beside it that the beliefs began with, as `BeliefStart` writes it; nil:
  /// they begin as drawn.
  public var beliefs: String?
  /// How many ratings that the run holds out they had learned; nil: the files are to tell, as for
  /// the runs of a group, which share them. No part of the identity.
  public var learned: Int?

  /// The start that a file of these bytes holds, and that of the beliefs beside it.
  public init(path: String, of bytes: [UInt8], beliefs: [UInt8]?, learned: Int? = nil) {
    (self.path, checksum) = (path, Checksum.text(of: bytes))
    self.beliefs = beliefs.map { Checksum.text(of: $0) }
    self.learned = learned
  }

  /// Where the file is that the beliefs began with.
  var beliefPath: String { RunFolder(path.parentFolder).beliefStart }
}

extension Experiment {
  /// What this run's factorisation may begin with of an earlier run's.
  ///
  /// - Throws: `RunError` where the earlier run has no factorisation, or one of other vectors.
  public func warmStart(from earlier: Experiment) throws -> PMFStart {
    guard let model = try earlier.readModel() else {
      throw RunError(
        "\(earlier.folder.path): its PMF is not trained yet; use `drr "
          + "\(earlier.configuration.command) --run \(earlier.folder.path)`")
    }
    guard model.dimension == configuration.pmf.dimension else {
      throw RunError(
        "\(earlier.folder.path) has vectors of \(model.dimension) numbers, and this run of "
          + "\(configuration.pmf.dimension); leave --dimension out")
    }
    let learned = PMFTrainer.divided(
      earlier.split.pmfRows(in: earlier.log), earlier.configuration.pmf,
      from: try earlier.readStart(), seed: earlier.configuration.seed
    ).training
    return PMFStart(model, of: earlier.log, learnedFrom: learned, for: log)
  }

  /// What this run's beliefs may begin with of an earlier run's; nil where its agent has none, or
  /// the earlier run has none that serve.
  ///
  /// - Parameter note: told why they begin as drawn.
  /// - Throws: `CheckpointError` where the earlier run's are damaged.
  public func beliefStart(
    from earlier: Experiment, note: (String) -> Void
  ) throws -> BeliefStart? {
    guard let own = configuration.agent?.beliefs else { return nil }
    func drawn(_ reason: String) -> BeliefStart? {
      note("\(earlier.folder.path) \(reason): those of this run begin as drawn")
      return nil
    }
    guard let its = earlier.configuration.agent?.beliefs, let model = try earlier.readBeliefs(its)
    else { return drawn("has no beliefs") }
    let dimensions = [its, own].map { $0.factorizations.map(\.dimension) }
    guard dimensions[0] == dimensions[1] else {
      return drawn("has beliefs of dimensions \(dimensions[0]), not \(dimensions[1])")
    }
    let start = BeliefStart(
      model, of: earlier.log, learnedFrom: earlier.split.visibleRows(in: earlier.log), for: log)
    return start.knownItems > 0 ? start : drawn("has beliefs of other items")
  }

  /// How many of the ratings that this run holds out what it begins with has learned, and how many
  /// it holds out.
  public func heldOut(
    learnedBy start: PMFStart, _ beliefs: BeliefStart?
  ) -> (learned: Int, all: Int) {
    let rows = heldOutRows
    let learned = rows.count { !start.isUnseen[$0] || beliefs?.isUnseen[$0] == false }
    return (learned, rows.count)
  }

  private var heldOutRows: [Int] { (0..<log.count).filter { split.heldOut(row: $0) != nil } }

  /// For a protocol's line: what the vectors that PMF and the beliefs began with had learned of
  /// this run's held-out ratings; empty where that is nothing.
  func startSummary() throws -> String {
    guard let warm = configuration.warm, warm.learned != 0 else { return "" }
    let hasBeliefs = warm.beliefs != nil && configuration.agent?.beliefs != nil
    let found =
      try warm.learned.map { (learned: $0, all: heldOutRows.count) }
      ?? heldOut(learnedBy: readStart()!, readBeliefStart())
    guard found.learned > 0 else { return "" }
    return "; PMF \(hasBeliefs ? "and the beliefs " : "")began with vectors that had learned "
      + "\(grouped(found.learned)) of \(grouped(found.all)) held-out ratings"
  }

  /// The vectors that the factorization begins with; nil: drawn ones.
  func readStart() throws -> PMFStart? {
    guard let warm = configuration.warm else { return nil }
    let start = try PMFStart(
      contentsOf: SafetensorsFile(ofRun: warm.path), dimension: configuration.pmf.dimension,
      for: log)
    try require(start.bytes(), of: warm.path, have: warm.checksum)
    return start
  }

  /// The posteriors that the beliefs begin with; nil: drawn vectors.
  func readBeliefStart() throws -> BeliefStart? {
    guard let warm = configuration.warm, let checksum = warm.beliefs,
      let beliefs = configuration.agent?.beliefs
    else { return nil }
    if warm.learned != nil, !folder.exists(warm.beliefPath) {
      throw RunError(
        "\(folder.beliefs) is missing, and \(warm.beliefPath), which it began with, was removed "
          + "when it had been fitted; restore it from a copy, or start again with --fresh")
    }
    let start = try BeliefStart(
      contentsOf: SafetensorsFile(ofRun: warm.beliefPath), beliefs, for: log)
    try require(start.bytes(), of: warm.beliefPath, have: checksum)
    return start
  }

  /// Removes what the beliefs began with once they are fitted, where no other run has the same
  /// file: nothing reads it again, and the run's myopic copy takes its beliefs.
  func forgetBeliefStart(among ranks: any Collective) throws {
    guard let warm = configuration.warm, warm.beliefs != nil, warm.learned != nil,
      warm.path == folder.start
    else { return }
    // Until then each rank may fit them.
    try ranks.barrier()
    if ranks.leads, folder.exists(folder.beliefs) { folder.remove(folder.beliefStart) }
  }

  private func require(_ bytes: [UInt8], of path: String, have checksum: String) throws {
    guard Checksum.text(of: bytes) == checksum else {
      throw RunError(
        "\(path): these are not the vectors that the run began with; start again with --fresh")
    }
  }
}
