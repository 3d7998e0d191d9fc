import DRRCore
import DRRData
import Platform
import Tensor

/// The items that a batch's loss is over: its targets, and others that are drawn in proportion to the
/// root of how often they come. Each score is lessened by the logarithm of the probability that its
/// item is among them, so that the sum over them stands for that over the catalogue (Jean et al.
/// 2015).
package struct SampledItems: Sendable {
  private let count: Int
  /// By item: the sum of the shares in a draw up to it, and log(1 − share) of a draw and of a target.
  private let sums: [Double]
  private let missed: [(draw: Double, target: Double)]

  /// Items of a batch, ascending.
  package struct Batch {
    package var items: [Int32]
    /// By item, −log of its probability.
    package var corrections: [Float]
    /// Of each target its place among the items.
    package var places: [Int32]
  }

  /// - Parameters:
  ///   - counts: how often each item comes.
  ///   - count: of draws.
  package init(_ counts: [Int32], count: Int) {
    self.count = count
    let roots = counts.map { Double(max($0, 1)).squareRoot() }
    let (all, total) = (roots.reduce(0, +), Double(counts.reduce(0) { $0 + Int($1) }))
    var sum = 0.0
    var sums: [Double] = []
    for root in roots {
      sum += root / all
      sums.append(sum)
    }
    self.sums = sums
    missed = zip(roots, counts).map { root, count in
      // A log of one item alone leaves no chance to miss it.
      (log1p(-min(root / all, 0.999_999)), log1p(-min(Double(count) / max(total, 1), 0.999_999)))
    }
  }

  /// Draws for the targets of a step.
  package func batch(_ targets: [Int32], step: Int, seed: UInt64) -> Batch {
    var random = Philox(seed: seed, stream: Streams.sequenceNegatives &+ UInt64(step) << 8)
    var among = [Int32](repeating: -1, count: sums.count)
    for target in targets { among[Int(target)] = 0 }
    for _ in 0..<count {
      let draw = Double.random(in: 0..<1, using: &random)
      // The first item whose sum is above the draw.
      var (low, high) = (0, sums.count - 1)
      while low < high {
        let middle = (low + high) / 2
        if sums[middle] <= draw { low = middle + 1 } else { high = middle }
      }
      among[low] = 0
    }
    var batch = Batch(items: [], corrections: [], places: [])
    for item in among.indices where among[item] == 0 {
      among[item] = Int32(batch.items.count)
      batch.items.append(Int32(item))
      let absent = Double(count) * missed[item].draw + Double(targets.count) * missed[item].target
      batch.corrections.append(Float(-log(-expm1(absent))))
    }
    batch.places = targets.map { among[Int($0)] }
    return batch
  }
}
