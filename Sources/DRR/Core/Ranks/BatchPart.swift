import Tensor

/// Some rows of a batch: what is drawn is drawn for all of it.
package struct BatchPart {
  package let rows: Range<Int>
  package let count: Int

  package init(_ rows: Range<Int>, of count: Int) { (self.rows, self.count) = (rows, count) }
}

extension Tensor {
  /// Dropout of a part's rows, as the whole batch's has them; nil: of all of it.
  package func dropout(_ rate: Float, _ random: RandomKey, of part: BatchPart?) -> Tensor {
    guard rate > 0, let part, part.rows.count < part.count else { return dropout(rate, random) }
    let width = shape.count / part.rows.count
    // What is drawn behind the part's rows is of no use to it.
    let kept = Tensor(repeating: 1, shape: [part.rows.upperBound, width], on: backend)
      .dropout(rate, random)
    return self * kept[part.rows].reshaped(shape)
  }
}
