import DRRCore
import DRRData

/// What some users' ratings say of items beyond the biases μ + b_i + b_v: a sparse vector an item,
/// a coordinate a user.
package struct ItemResiduals: Sendable {
  /// Ratings of the mean that a bias is pulled by.
  static let damping = 5.0

  /// Users whose ratings these are; a coordinate is a place in this list.
  package let users: [Int32]
  package let mean: Double
  package let itemBiases: [Double]
  private let offsets: [Int]
  private let coordinates: [Int32]
  private let values: [Double]

  /// - Parameter shrinkage: s; item i is x_i / √(‖x_i‖² + s), so that few ratings weigh little.
  package init(_ logged: LoggedRewards, users: [Int32], itemCount: Int, shrinkage: Double) {
    var (sum, count) = (0.0, 0)
    var sums = [Double](repeating: 0, count: itemCount)
    var counts = [Int](repeating: 0, count: itemCount)
    for user in users {
      let row = logged.row(ofUser: Int(user))
      for (item, reward) in zip(row.items, row.rewards) {
        sums[Int(item)] += Double(reward)
        counts[Int(item)] += 1
        sum += Double(reward)
        count += 1
      }
    }
    let mean = sum / Double(max(count, 1))
    let itemBiases = zip(sums, counts).map { sum, count in
      (sum - Double(count) * mean) / (Double(count) + Self.damping)
    }
    self.users = users
    self.mean = mean
    self.itemBiases = itemBiases

    var offsets = [0]
    for count in counts { offsets.append(offsets.last! + count) }
    var next = offsets
    var coordinates = [Int32](repeating: 0, count: count)
    var values = [Double](repeating: 0, count: count)
    for (coordinate, user) in users.enumerated() {
      let row = logged.row(ofUser: Int(user))
      let bias = Self.userBias(row, mean: mean, itemBiases: itemBiases)
      for (item, reward) in zip(row.items, row.rewards) {
        let at = next[Int(item)]
        coordinates[at] = Int32(coordinate)
        values[at] = Double(reward) - mean - itemBiases[Int(item)] - bias
        next[Int(item)] += 1
      }
    }
    for item in 0..<itemCount {
      let range = offsets[item]..<offsets[item + 1]
      let squares = range.reduce(0) { $0 + values[$1] * values[$1] }
      let length = (squares + shrinkage).squareRoot()
      if length > 0 { for at in range { values[at] /= length } }
    }
    (self.offsets, self.coordinates, self.values) = (offsets, coordinates, values)
  }

  package var itemCount: Int { itemBiases.count }

  /// b_u of a user with this log.
  package func userBias(_ row: (items: ArraySlice<Int32>, rewards: ArraySlice<Float>)) -> Double {
    Self.userBias(row, mean: mean, itemBiases: itemBiases)
  }

  private static func userBias(
    _ row: (items: ArraySlice<Int32>, rewards: ArraySlice<Float>), mean: Double,
    itemBiases: [Double]
  ) -> Double {
    let sum = zip(row.items, row.rewards).reduce(0.0) {
      $0 + Double($1.1) - mean - itemBiases[Int($1.0)]
    }
    return sum / (Double(row.items.count) + damping)
  }

  /// ⟨φ_i, w⟩.
  package func dot(_ item: Int, _ weights: (Int) -> Double) -> Double {
    (offsets[item]..<offsets[item + 1]).reduce(0) {
      $0 + values[$1] * weights(Int(coordinates[$1]))
    }
  }

  /// w += scale · φ_i
  package func add(_ item: Int, times scale: Double, to weights: inout [Double]) {
    for at in offsets[item]..<offsets[item + 1] {
      weights[Int(coordinates[at])] += scale * values[at]
    }
  }
}
