import Foundation
import Kernels

extension ReferenceBackend {
  public func factorize(
    _ ratings: RatingBlocks, users: Floats, items: Floats, k: Int, width: Int, shifts: [Int32],
    _ step: FactorizationStep
  ) {
    let cells = launch("factorize")
    let (side, userRows, itemRows) = (ratings.side, users.count / width, items.count / width)
    let (users, items) = (cells(users, users.count), cells(items, items.count))
    let blocks = cells(ratings.blocks, side * side + 1)
    let runs = cells(ratings.users, ratings.users.count)
    let starts = cells(ratings.starts, ratings.users.count + 1)
    let ratedItems = cells(ratings.items, ratings.items.count)
    let values = cells(ratings.values, ratings.items.count)
    let rate = Double(step.rate)
    func kept(_ d: Int) -> Double { 1 - rate * Double(d < k ? step.decay : step.biasDecay) }

    for shift in shifts {
      for row in 0..<side {
        let block = row * side + (row + Int(shift)) % side
        for run in Int(blocks[block])..<Int(blocks[block + 1]) {
          let p = users + cells.row(runs[run], of: userRows)! * width
          let end = Int(starts[run + 1])
          for at in stride(from: Int(starts[run]), to: end, by: 4) {
            let before = (0..<width).map { p[$0] }
            var user = before
            for d in 0...k { user[d] *= pow(kept(d), Double(min(4, end - at))) }
            for rating in at..<min(at + 4, end) {
              let q = items + cells.row(ratedItems[rating], of: itemRows)! * width
              let error = values[rating] - (0..<width).reduce(0) { $0 + before[$1] * q[$1] }
              for d in 0...k { user[d] += rate * error * q[d] }
              for d in Array(0..<k) + [k + 1] {
                q[d] = kept(d) * q[d] + rate * error * before[d]
              }
            }
            for d in 0..<width { p[d] = user[d] }
          }
        }
      }
    }
  }
}
