import Factorization
import Platform

/// How alike items are in the factorization, by which a recommendation is explained. nil where a
/// model has none.
package struct Nearness: Sendable {
  /// [N, k], of length 1; 0 where the vector is 0.
  private let vectors: [Float]
  private let dimension: Int
  /// Liked items that are looked at, the latest.
  static let window = 16

  package init?(_ model: ExportedModel) {
    guard let factorization = model.factorization else { return nil }
    dimension = factorization.dimension
    var vectors = factorization.itemFactors
    for first in stride(from: 0, to: vectors.count, by: dimension) {
      let range = first..<first + dimension
      let length = vectors[range].reduce(0) { $0 + $1 * $1 }.squareRoot()
      if length > 0 { for at in range { vectors[at] /= length } }
    }
    self.vectors = vectors
  }

  /// The recipient's liked item that is most alike, and the cosine of the two vectors; nil where
  /// nothing is liked.
  package func nearest(
    to item: Int, of recipient: PreparedRecipient
  ) -> (item: Int, similarity: Float)? {
    var best: (item: Int, similarity: Float)?
    for liked in recipient.profile.history(Self.window) where liked >= 0 {
      var cosine: Float = 0
      let (a, b) = (item * dimension, Int(liked) * dimension)
      for at in 0..<dimension { cosine += vectors[a + at] * vectors[b + at] }
      if cosine > best?.similarity ?? 0 { best = (Int(liked), cosine) }
    }
    return best
  }
}
