/// Ratings on the device in the order that a pass takes them. Users and items are cut into `side`
/// parts each, and the ratings into a grid of side × side blocks: two blocks that share neither
/// row nor column share neither user nor item.
public struct RatingBlocks {
  /// [runs]: the user whose ratings a run holds; a user has one run in a block.
  public var users: Indices
  /// [runs + 1]: where each run's ratings begin.
  public var starts: Indices
  /// [ratings]; in a run an item appears once.
  public var items: Indices
  /// [ratings]
  public var values: Floats
  /// [side² + 1]: where each block's runs begin, row by row.
  public var blocks: Indices
  /// Blocks of a row or a column.
  public var side: Int

  /// Blocks by their parts.
  public init(
    users: Indices, starts: Indices, items: Indices, values: Floats, blocks: Indices, side: Int
  ) {
    self.users = users
    self.starts = starts
    self.items = items
    self.values = values
    self.blocks = blocks
    self.side = side
  }

  /// The largest `side`.
  public static let sideLimit = 256
}

extension RatingBlocks {
  func check(users: Floats, items: Floats, k: Int, width: Int, shifts: [Int32]) {
    require(
      (1...Self.sideLimit).contains(side) && blocks.count == side * side + 1,
      "factorize: side \(side), \(blocks.count) block starts")
    require(
      Set(shifts).count == shifts.count && shifts.allSatisfy((0..<Int32(side)).contains),
      "factorize: shifts \(shifts), needs some of 0 ..< \(side) in any order")
    require(
      starts.count == self.users.count + 1 && values.count == self.items.count,
      "factorize: \(self.users.count) runs with \(starts.count) starts, \(self.items.count) items "
        + "with \(values.count) values")
    require(
      k > 0 && width % 16 == 0 && width >= k + 2 && users.count % width == 0
        && items.count % width == 0,
      "factorize: k \(k), width \(width), tables of \(users.count) and \(items.count)")
  }
}

/// A step of stochastic gradient descent on one rating, with error e = value − prediction.
public struct FactorizationStep: Hashable, Sendable {
  /// η
  public var rate: Float
  /// λ of vectors.
  public var decay: Float
  /// λ of biases.
  public var biasDecay: Float

  /// A step by its parts.
  public init(rate: Float, decay: Float, biasDecay: Float) {
    self.rate = rate
    self.decay = decay
    self.biasDecay = biasDecay
  }
}

/// Matrix factorisation with biases by stochastic gradient descent over disjoint blocks (Gemulla
/// et al. 2011; Chin et al. 2015 without its adaptive rates).
///
/// A user's row of `width` numbers is [p (k) ; b_u ; 1 ; 0 …], an item's [q (k) ; 1 ; b_i ; 0 …],
/// so that the product of the two is the prediction ⟨p, q⟩ + b_u + b_i. `width` is a multiple of
/// 16 and at least k + 2.
public protocol FactorizationKernels: AnyObject {
  /// Rounds, a pass where there are `side`: round r does the blocks (row, (row + shifts[r]) mod side)
  /// of all rows;
  /// within a block run after run, within a run its ratings by fours. A four's errors come first;
  /// then with η the rate q ← (1 − ηλ) q + η e p for each of its n items and p ← (1 − ηλ)ⁿ p + η Σ
  /// e q, from the rows as they were, biases likewise with their λ. `shifts` holds some
  /// or all of 0 ..< side in any order.
  func factorize(
    _ ratings: RatingBlocks, users: Floats, items: Floats, k: Int, width: Int, shifts: [Int32],
    _ step: FactorizationStep)
}
