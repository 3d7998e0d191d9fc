import Tensor

/// The updates of a trainer in ranks that all hold the same state: each computes the gradients of its
/// parts of a batch, and all make the same step by their sum. What else there is to do, draws among
/// it, every rank does alike.
///
/// Parts are added in the order of ``PartSums``, so that the bits depend on their number alone, if
/// each rank has a power of two of them. One part is an update as it stands: nothing is copied.
public final class SharedUpdates {
  private let ranks: any Collective
  /// Parts of a batch, and those that are this rank's.
  private let parts: Int
  private let own: Range<Int>
  private let sums: PartSums
  private var failure: (any Error)?

  /// - Parameter parts: parts of a batch, a power of two; nil: one a rank.
  /// - Throws: `ConfigurationError` where the ranks cannot share them evenly.
  public init(_ ranks: any Collective, parts: Int? = nil) throws(ConfigurationError) {
    try ConfigurationError.require("batch parts", parts: parts, sharedBy: ranks.size)
    self.ranks = ranks
    self.parts = parts ?? ranks.size
    own = ranks.share(of: self.parts)
    sums = PartSums(ranks, own: own.count)
  }

  /// Updates of one process and one part.
  public init() {
    (ranks, parts, own) = (SoleCollective(), 1, 0..<1)
    sums = PartSums(ranks, own: 1)
  }

  /// The rows of a batch that this rank's parts have.
  ///
  /// - Parameter rows: of each part.
  public func own(_ rows: [Range<Int>]) -> Range<Int> {
    rows[own.lowerBound].lowerBound..<rows[own.upperBound - 1].upperBound
  }

  /// What an update of some rows of a batch comes to.
  public struct Part {
    /// Means over the rows, one number each: the loss whose gradients are in the set, or terms of it.
    public let losses: [Tensor]
    /// What is to be known of each row, some numbers a row each.
    public let columns: [Tensor]
    /// What the rows weigh in the mean over the whole batch; nil: their share of it.
    public let weight: Float?

    /// A part by what it came to.
    public init(_ losses: Tensor..., columns: [Tensor] = [], weight: Float? = nil) {
      (self.losses, self.columns, self.weight) = (losses, columns, weight)
    }

    init(losses: [Tensor], columns: [Tensor]) {
      (self.losses, self.columns, weight) = (losses, columns, nil)
    }

    /// The first of the losses.
    public var loss: Tensor { losses[0] }
  }

  /// The rows of each part, about equally many.
  private func split(_ count: Int) -> [Range<Int>] {
    (0..<parts).map { count * $0 / parts..<count * ($0 + 1) / parts }
  }

  /// The rows of each part, of about equal work: none where there is none.
  ///
  /// - Parameter work: of each row.
  public func split(_ work: [Int]) -> [Range<Int>] { ranges(of: work, parts: parts) }

  /// Adds up the gradients of a batch.
  ///
  /// - Parameters:
  ///   - set: whose gradients they are.
  ///   - count: B, the rows of the batch.
  ///   - losses: how many `body` returns.
  ///   - columns: the numbers a row of each column that it returns.
  ///   - rows: of each part; nil: about equally many.
  ///   - body: computes the gradients of the mean loss of some rows, of all of them where there is
  ///     one part; called once for each part of this rank that has rows, in their order.
  /// - Returns: the losses and the columns of the whole batch, whose gradients are in the set.
  public func update(
    _ set: ParameterSet, rows count: Int, losses: Int = 1, columns: [Int] = [],
    by rows: @autoclosure () -> [Range<Int>]? = nil, _ body: (Range<Int>) -> Part
  ) -> Part {
    guard parts > 1 else { return body(0..<count) }
    return sum(
      set.gradients, on: set.backend, rows: count, losses: losses, columns: columns,
      by: rows() ?? split(count), body)
  }

  /// A number a row of the whole batch, [B], of those of this rank's parts in their order.
  public func gather(_ parts: [Tensor], rows count: Int) -> Tensor {
    guard self.parts > 1 else { return parts[0].reshaped([count]) }
    var left = parts[...]
    let backend = parts[0].backend
    return sum(nil, on: backend, rows: count, losses: 0, columns: [1], by: split(count)) { _ in
      Part(columns: [left.removeFirst()])
    }.columns[0]
  }

  /// - Throws: what went wrong in an update, which then was none.
  public func check() throws {
    if let failure { throw failure }
  }

  private func sum(
    _ gradients: Floats?, on backend: any Backend, rows count: Int, losses: Int,
    columns: [Int], by rows: [Range<Int>], _ body: (Range<Int>) -> Part
  ) -> Part {
    let weights = gradients?.count ?? 0
    let means = weights + losses
    // Where each column begins, and where they end.
    let places = columns.reduce(into: [means]) { $0.append($0.last! + $1 * count) }
    let width = places.last!
    sums.begin(width: width)
    func slice(
      _ first: Int, _ count: Int, part: Int = 0
    ) -> UnsafeMutableBufferPointer<Float> {
      UnsafeMutableBufferPointer(rebasing: sums[part: part][first..<first + count])
    }
    func add() throws {
      for (place, number) in own.enumerated() {
        let rows = rows[number]
        guard !rows.isEmpty else {
          slice(0, width, part: place).update(repeating: 0)
          continue
        }
        // The gradients fill their own place.
        slice(weights, width - weights, part: place).update(repeating: 0)
        let part = body(rows)
        if let gradients {
          try backend.read(gradients, into: slice(0, weights, part: place))
          // The next part's are added to them; behind the last, the sum takes their place.
          if place + 1 < own.count { backend.fill(0, into: gradients) }
        }
        for (number, loss) in part.losses.enumerated() {
          try backend.read(loss.view, into: slice(weights + number, 1, part: place))
        }
        let weight = part.weight ?? Float(rows.count) / Float(count)
        let weighed = slice(0, means, part: place)
        for at in weighed.indices { weighed[at] *= weight }
        for (column, numbers) in part.columns.enumerated() {
          let first = places[column] + rows.lowerBound * columns[column]
          try backend.read(
            numbers.view, into: slice(first, rows.count * columns[column], part: place))
        }
      }
      try sums.add()
    }
    do {
      if let failure { throw failure }
      try add()
    } catch {
      failure = failure ?? error
      slice(0, width).update(repeating: 0)
    }
    func tensor(_ first: Int, _ count: Int) -> Tensor {
      let tensor = Tensor(uninitialized: [count], on: backend)
      backend.write(UnsafeBufferPointer(slice(first, count)), to: tensor.view)
      return tensor
    }
    if let gradients { backend.write(UnsafeBufferPointer(slice(0, weights)), to: gradients) }
    return Part(
      losses: (0..<losses).map { tensor(weights + $0, 1) },
      columns: columns.indices.map { tensor(places[$0], columns[$0] * count) })
  }
}

extension ConfigurationError {
  /// Throws where a batch cannot be of so many parts, or ranks cannot share them evenly.
  public static func require(
    _ name: String, parts: Int?, sharedBy ranks: Int = 1
  ) throws(ConfigurationError) {
    guard let parts else { return }
    try require(name, parts, "a power of two up to 1024") {
      1...1024 ~= $0 && $0.nonzeroBitCount == 1
    }
    guard parts % ranks == 0 else {
      throw ConfigurationError(
        "\(name) is \(parts), which \(ranks) processes cannot share evenly; start a power of two of "
          + "them, no more than the parts")
    }
  }
}
