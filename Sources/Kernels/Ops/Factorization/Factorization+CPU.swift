internal import CLoops

extension CPUBackend {
  public func factorize(
    _ ratings: RatingBlocks, users: Floats, items: Floats, k: Int, width: Int, shifts: [Int32],
    _ step: FactorizationStep
  ) {
    guard begin() else { return }
    ratings.check(users: users, items: items, k: k, width: width, shifts: shifts)
    let (runs, count) = (ratings.users.count, ratings.items.count)
    let (userRows, itemRows) = (users.count / width, items.count / width)
    let users = pointer(users, users.count, "factorize", "users")
    let items = pointer(items, items.count, "factorize", "items")
    var blocks = host_ratings(
      users: pointer(ratings.users, runs, "factorize", "ratings.users"),
      starts: pointer(ratings.starts, runs + 1, "factorize", "ratings.starts"),
      items: pointer(ratings.items, count, "factorize", "ratings.items"),
      blocks: pointer(ratings.blocks, ratings.blocks.count, "factorize", "ratings.blocks"),
      values: pointer(ratings.values, count, "factorize", "ratings.values"),
      side: Int32(ratings.side), width: Int32(width), user_rows: Int32(userRows),
      item_rows: Int32(itemRows), runs: Int32(runs), ratings: Int32(count))
    let threads = count * width < 1 << 20 ? 1 : blas.pointee.threads
    withScratch(4 * width) { scratch in
      flushingSubnormals {
        host_factorize(
          &blocks, shifts, Int32(shifts.count), users, items, Int32(k), step.rate, step.decay,
          step.biasDecay, scratch, threads)
      }
    }
  }
}
