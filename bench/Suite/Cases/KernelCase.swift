import Tensor

/// One op at one of the shapes that it is used at.
package struct KernelCase: Sendable {
  /// The method of the protocols.
  package var op: String
  package var shape: String
  package var use: Use
  /// Floating-point operations a call; a function such as tanh counts as one.
  package var flops: Double
  /// Bytes that a call must read and write at least, each once.
  package var bytes: Double
  var residence: Residence
  /// Bytes of the tables that all sets of inputs share.
  var tableBytes: Double
  /// The case of the PyTorch script that does the same.
  var torch: String?
  /// The same in plain Swift.
  var plain: (@Sendable (Inputs) -> () -> Void)?
  let prepare: @Sendable (Inputs) -> () -> Void

  /// Whose work it is.
  package enum Use: String, Sendable {
    case drr = "DRR"
    case pmf = "PMF"
    case irecgan = "IRecGAN"
    case catalogue = "a million items"
  }

  /// Where inputs lie when a call begins: what was used just before is in a cache; what streams by
  /// comes from memory.
  enum Residence: String, Sendable { case cache, memory }

  package var name: String { "\(op) \(shape)" }

  /// - Parameters:
  ///   - words: four-byte elements read and written.
  ///   - table: four-byte elements of what `Inputs.table` and the like give.
  ///   - prepare: makes a set of inputs and gives the call on it.
  init(
    _ op: String, _ shape: String, _ use: Use, flops: Int = 0, words: Int,
    table: Int = 0, _ residence: Residence = .cache, torch: String? = nil,
    plain: (@Sendable (Inputs) -> () -> Void)? = nil,
    _ prepare: @escaping @Sendable (Inputs) -> () -> Void
  ) {
    (self.op, self.shape, self.use) = (op, shape, use)
    (self.flops, bytes, tableBytes) = (Double(flops), 4 * Double(words), 4 * Double(table))
    (self.residence, self.torch, self.plain, self.prepare) = (residence, torch, plain, prepare)
  }

  /// The table.
  package static let all: [KernelCase] =
    linear + mlp + elementwise + reduction + embedding + pooling + candidate + loss + optimizer
    + random + selection + session + replay + factorization + recurrent + gating
}

/// The sizes of the agents and the data that the cases are taken from.
enum Size {
  /// DRR as published: batch, k, hidden width, window, the critic's joint width, the state's.
  static let (batch, k, hidden, window) = (64, 100, 128, 5)
  static let joint = hidden + k
  static let state = 3 * k
  /// Weights of DRR's critic and actor.
  static let weights = 240_000
  /// MovieLens 1M.
  static let (users, items) = (6_040, 3_706)
  static let pmfBatch = 1_024
  static let million = 1 << 20
  /// IRecGAN: sequences, their steps, the width of a recurrent state.
  static let (sequences, steps, recurrent) = (128, 20, 128)
  /// Its clicks: lists, the items of each and an end, the width of an item, two catalogues.
  static let (lists, shown, embedding) = (512, 21, 50)
  static let (worldItems, largeWorldItems) = (100, 40_000)
}
