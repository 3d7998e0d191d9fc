import DRRCore

/// XᵀWX and XᵀWy of sparse rows, each of which is about one action.
///
/// No row has columns of two actions, so that the matrix is that of the shared columns bordered by
/// one block an action. Its solution takes the actions out one by one (block Cholesky, Golub & Van
/// Loan 2013, section 4.2): time and memory are linear in the number of actions.
struct NormalEquations: Sendable {
  private let shared: Int
  private let own: Int
  private let actions: Int
  /// The lower triangle of the shared columns.
  private var common: [Double]
  /// An action: the lower triangle of its own columns.
  private var blocks: [Double]
  /// An action: [own, shared].
  private var borders: [Double]
  /// The shared columns, then those of each action.
  private var right: [Double]
  /// Σ w y².
  private var squares = 0.0

  init(_ features: RewardFeatures) {
    shared = features.sharedWidth
    own = features.ownWidth
    actions = features.log.actionCount
    common = Array(repeating: 0, count: triangle(shared))
    blocks = Array(repeating: 0, count: actions * triangle(own))
    borders = Array(repeating: 0, count: actions * own * shared)
    right = Array(repeating: 0, count: features.width)
  }

  /// Numbers that the equations of these features hold.
  static func size(_ features: RewardFeatures) -> Int {
    let (shared, own) = (features.sharedWidth, features.ownWidth)
    return triangle(shared) + features.log.actionCount * (triangle(own) + own * shared)
  }

  /// Adds the logged action of a decision.
  mutating func add(_ features: RewardFeatures, _ row: Int, weight: Double, response: Double) {
    let action = Int(features.log.actions[row])
    squares += weight * response * response
    let (block, border) = (action * triangle(own), action * own * shared)
    let (shared, own) = (shared, own)
    // The columns that are not 0, those of the action behind the shared ones.
    withUnsafeTemporaryAllocation(of: Entry.self, capacity: shared + own) { entries in
      var count = 0
      features.forEachShared(row, action) {
        entries[count] = Entry(column: $0, value: $1)
        count += 1
      }
      let common = UnsafeMutableBufferPointer(rebasing: entries[..<count])
      features.forEachOwn(row) {
        entries[count] = Entry(column: $0, value: $1)
        count += 1
      }
      let alone = UnsafeMutableBufferPointer(rebasing: entries[common.count..<count])
      right.withUnsafeMutableBufferPointer { right in
        for entry in common { right[entry.column] += weight * entry.value * response }
        let first = shared + action * own
        for entry in alone { right[first + entry.column] += weight * entry.value * response }
      }
      func addSquare(
        of entries: UnsafeMutableBufferPointer<Entry>, to triangles: inout [Double], at first: Int
      ) {
        triangles.withUnsafeMutableBufferPointer { triangles in
          for (number, entry) in entries.enumerated() {
            let (scaled, row) = (weight * entry.value, first + triangle(entry.column))
            for other in entries[...number] {
              triangles[row + other.column] += scaled * other.value
            }
          }
        }
      }
      addSquare(of: common, to: &self.common, at: 0)
      addSquare(of: alone, to: &blocks, at: block)
      borders.withUnsafeMutableBufferPointer { borders in
        for entry in alone {
          let (scaled, row) = (weight * entry.value, border + entry.column * shared)
          for other in common { borders[row + other.column] += scaled * other.value }
        }
      }
    }
  }

  private struct Entry {
    var column: Int
    var value: Double
  }

  mutating func add(_ other: NormalEquations) {
    squares += other.squares
    for at in common.indices { common[at] += other.common[at] }
    for at in blocks.indices { blocks[at] += other.blocks[at] }
    for at in borders.indices { borders[at] += other.borders[at] }
    for at in right.indices { right[at] += other.right[at] }
  }

  func solve(penalty: Double) -> [Double] {
    var (common, borders, solution) = (common, borders, right)
    // The constant is free; a trace of penalty keeps an empty column solvable.
    for at in 0..<shared { common[triangle(at) + at] += at == 0 ? 1e-9 : penalty }
    let factors = (0..<actions).map { action in
      var factor = Array(blocks[action * triangle(own)..<(action + 1) * triangle(own)])
      for at in 0..<own { factor[triangle(at) + at] += penalty }
      choleskyFactor(&factor, own)
      return factor
    }
    common.withUnsafeMutableBufferPointer { common in
      borders.withUnsafeMutableBufferPointer { borders in
        for action in 0..<actions {
          // L⁻¹ of the border and of the right side; their products leave the shared columns.
          for i in 0..<own {
            let row = (action * own + i) * shared
            for k in 0..<i {
              let factor = factors[action][triangle(i) + k]
              let above = (action * own + k) * shared
              for j in 0..<shared { borders[row + j] -= factor * borders[above + j] }
              solution[shared + action * own + i] -= factor * solution[shared + action * own + k]
            }
            let pivot = factors[action][triangle(i) + i]
            for j in 0..<shared { borders[row + j] /= pivot }
            solution[shared + action * own + i] /= pivot
            for j in 0..<shared where borders[row + j] != 0 {
              let factor = borders[row + j]
              for k in 0...j { common[triangle(j) + k] -= factor * borders[row + k] }
              solution[j] -= factor * solution[shared + action * own + i]
            }
          }
        }
      }
    }
    let found = solvePositiveDefinite(common, Array(solution[..<shared]), shared)
    solution.replaceSubrange(..<shared, with: found)
    for action in 0..<actions {
      let first = shared + action * own
      for i in (0..<own).reversed() {
        let row = (action * own + i) * shared
        for j in 0..<shared { solution[first + i] -= borders[row + j] * found[j] }
        for k in i + 1..<own {
          solution[first + i] -= factors[action][triangle(k) + i] * solution[first + k]
        }
        solution[first + i] /= factors[action][triangle(i) + i]
      }
    }
    return solution
  }

  /// Σ w (y − xᵀθ)².
  func error(of coefficients: [Double]) -> Double {
    var error = squares
    for at in right.indices { error -= 2 * coefficients[at] * right[at] }
    /// θᵀMθ of a lower triangle.
    func quadratic(_ matrix: [Double], _ first: Int, _ from: Int, _ width: Int) -> Double {
      var sum = 0.0
      for i in 0..<width {
        let scale = coefficients[from + i]
        for j in 0..<i {
          sum += 2 * scale * coefficients[from + j] * matrix[first + triangle(i) + j]
        }
        sum += scale * scale * matrix[first + triangle(i) + i]
      }
      return sum
    }
    error += quadratic(common, 0, 0, shared)
    for action in 0..<actions {
      let first = shared + action * own
      error += quadratic(blocks, action * triangle(own), first, own)
      for i in 0..<own {
        let row = (action * own + i) * shared
        var product = 0.0
        for j in 0..<shared { product += borders[row + j] * coefficients[j] }
        error += 2 * coefficients[first + i] * product
      }
    }
    return error
  }
}
