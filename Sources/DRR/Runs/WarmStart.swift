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
  /// Ratings that this run holds out and the earlier one has learned from.
  public var learned: Int
  /// Ratings that this run holds out.
  public var heldOut: Int

  /// For a protocol's line; nil where the figures are not touched.
  var summary: String? {
    learned == 0
      ? nil
      : "PMF began with vectors that had learned \(grouped(learned)) of \(grouped(heldOut)) "
        + "held-out ratings"
  }
}

extension Experiment {
  /// What this run's factorisation may begin with of an earlier run's, as a file.
  ///
  /// - Throws: `RunError` where the earlier run has no factorisation, or one of other vectors.
  public func warmStart(
    from earlier: Experiment, at path: String
  ) throws -> (start: WarmStart, known: (users: Int, items: Int), bytes: [UInt8]) {
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
    let start = PMFStart(model, of: earlier.log, learnedFrom: learned, for: log)
    let bytes = try start.bytes()
    let heldOut = (0..<log.count).filter { split.heldOut(row: $0) != nil }
    return (
      WarmStart(
        path: path, checksum: Checksum.text(of: bytes),
        learned: heldOut.count { !start.isUnseen[$0] }, heldOut: heldOut.count),
      start.known, bytes
    )
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
