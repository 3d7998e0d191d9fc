import DRRCore
import DRRData
import Factorization
import Tensor

/// What a run's factorisation began with of an earlier run's.
public struct WarmStart: Codable, Hashable, Sendable {
  /// The file of the vectors, as `PMFStart` writes it. No part of the identity.
  public var path: String
  /// The file's CRC-32, 8 hexadecimal digits.
  public var checksum: String

  /// The start that a file of these bytes holds.
  public init(path: String, of bytes: [UInt8]) {
    (self.path, checksum) = (path, Checksum.text(of: bytes))
  }
}

extension Experiment {
  /// What this run's factorisation may begin with of an earlier run's, as a file.
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

  /// How many of the ratings that this run holds out such vectors have learned, and how many it holds
  /// out.
  public func heldOut(learnedBy start: PMFStart) -> (learned: Int, all: Int) {
    let rows = (0..<log.count).filter { split.heldOut(row: $0) != nil }
    return (rows.count { !start.isUnseen[$0] }, rows.count)
  }

  /// For a protocol's line: what the vectors that PMF began with had learned of this run's held-out
  /// ratings; empty where that is nothing.
  func startSummary() throws -> String {
    guard let found = try readStart().map(heldOut(learnedBy:)), found.learned > 0 else { return "" }
    return "; PMF began with vectors that had learned \(grouped(found.learned)) of "
      + "\(grouped(found.all)) held-out ratings"
  }

  /// The vectors that the factorisation begins with; nil: drawn ones.
  func readStart() throws -> PMFStart? {
    guard let warm = configuration.warm else { return nil }
    let file = try SafetensorsFile(ofRun: warm.path)
    let start = try PMFStart(
      contentsOf: file, dimension: configuration.pmf.dimension, for: log)
    guard try Checksum.text(of: start.bytes()) == warm.checksum else {
      throw RunError(
        "\(warm.path): these are not the vectors that the run began with; start again with --fresh")
    }
    return start
  }
}
