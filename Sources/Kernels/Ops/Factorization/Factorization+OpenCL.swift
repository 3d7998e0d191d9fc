extension OpenCLBackend {
  public func factorize(
    _ ratings: RatingBlocks, users: Floats, items: Floats, k: Int, width: Int, shifts: [Int32],
    _ step: FactorizationStep
  ) {
    ratings.check(users: users, items: items, k: k, width: width, shifts: shifts)
    guard ratings.items.count > 0 else { return }
    for shift in shifts {
      launch(
        .factorizeRound, groups: ratings.side, argument(users), argument(items),
        argument(ratings.users), argument(ratings.starts), argument(ratings.items),
        argument(ratings.values), argument(ratings.blocks), .count(ratings.side), .int(shift),
        .count(k), .count(width), .count(users.count / width), .count(items.count / width),
        .count(ratings.users.count), .count(ratings.items.count), .float(step.rate),
        .float(step.decay), .float(step.biasDecay))
    }
  }
}
