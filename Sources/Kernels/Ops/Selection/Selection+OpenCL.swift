extension OpenCLBackend {
  public func scoreTopK(
    _ query: Floats, items: Floats, bias: Floats?, allowed: Bits?, b: Int, n: Int, e: Int, k: Int,
    into index: Indices, scores: Floats
  ) {
    expect("scoreTopK", "query", query, b, e)
    expect("scoreTopK", "items", items, n, e)
    if let bias { expect("scoreTopK", "bias", bias, n) }
    if let allowed { expect("scoreTopK", "allowed", allowed, b, (n + 31) / 32) }
    expect("scoreTopK", "index", index, b, k)
    expect("scoreTopK", "scores", scores, b, k)
    guard b > 0, k > 0 else { return }
    let tile = tiles.count - 1
    let plan = ScorePlan(
      b: b, n: n, e: e, isCPU: form.isCPU, tile: tiles[tile], units: device.computeUnits)
    let isWhole = plan.blocks == 1
    let lists = isWhole ? index : Indices(allocate(b * plan.blocks * k))
    let best = isWhole ? scores : Floats(allocate(b * plan.blocks * k))
    let arguments: [KernelArgument] = [
      argument(lists), argument(best), argument(query), argument(items),
      argument(bias, or: query), argument(allowed, or: query), .count(b), .count(n), .count(e),
      .count(k), .count(plan.share), .count(plan.blocks), .count(plan.queries),
    ]
    if plan.isTiled {
      launchProduct(.scoreTiles, tile: tile, groups: plan.groups, arguments)
    } else {
      launch(.scoreRows, groups: plan.groups, tile: tile, arguments)
    }
    if !isWhole {
      launch(
        .mergeBest, groups: b, tile: tile,
        [
          argument(index), argument(scores), argument(lists), argument(best), .count(b), .count(k),
          .count(plan.blocks), .count(k),
        ])
    }
  }

  public func excludeItems(
    _ rows: Indices, b: Int, w: Int, first: Int, n: Int, into allowed: Bits
  ) {
    require((0...w).contains(first), "excludeItems: column \(first) of \(w)")
    let words = (n + 31) / 32
    expect("excludeItems", "rows", rows, b, w)
    expect("excludeItems", "allowed", allowed, b, words)
    launch(
      .excludeItems, elements: b * words, argument(allowed), argument(rows), .count(b), .count(w),
      .count(first), .count(n), .count(words))
  }

  public func replaceWords(places: Indices, words: Bits, c: Int, into target: Bits) {
    expect("replaceWords", "places", places, c)
    expect("replaceWords", "words", words, c)
    launch(
      .replaceWords, elements: c, argument(target), argument(places), argument(words), .count(c),
      .count(target.count))
  }

  public func topKRows(
    _ scores: Floats, gumbel: RandomKey?, b: Int, n: Int, k: Int, width: Int, into index: Indices
  ) {
    require(0...width ~= k, "topKRows: k is \(k) of \(width) columns")
    expect("topKRows", "scores", scores, b, n)
    expect("topKRows", "index", index, b, width)
    guard b > 0, k > 0 else { return }
    let tile = tiles.count - 1
    let plan = RowPlan(b: b, n: n, isCPU: form.isCPU, units: device.computeUnits)
    let isWhole = plan.blocks == 1
    let lists = isWhole ? index : Indices(allocate(b * plan.blocks * k))
    let best = Floats(allocate(b * plan.blocks * k))
    launch(
      .topRows, groups: plan.blocks * ((b + plan.rows - 1) / plan.rows), tile: tile,
      [
        argument(lists), argument(best), argument(scores), .count(b), .count(n), .count(k),
        .count(width), .count(plan.share), .count(plan.blocks), .count(plan.rows),
        .count(gumbel == nil ? 0 : 1), .words(gumbel?.key ?? 0), .words(gumbel?.counter ?? 0),
      ])
    if !isWhole { merge(lists, best, plan, b: b, k: k, width: width, into: index) }
  }

  /// The lists of each row's blocks become one, by steps of as many lists as can be merged at once.
  private func merge(
    _ lists: Indices, _ best: Floats, _ plan: RowPlan, b: Int, k: Int, width: Int,
    into index: Indices
  ) {
    let tile = tiles.count - 1
    func step(
      _ lists: Indices, _ best: Floats, rows: Int, of blocks: Int, into index: Indices, width: Int
    ) -> Floats {
      let scores = Floats(allocate(rows * k))
      launch(
        .mergeBest, groups: rows, tile: tile,
        [
          argument(index), argument(scores), argument(lists), argument(best), .count(rows),
          .count(k), .count(blocks), .count(width),
        ])
      return scores
    }
    var (lists, best) = (lists, best)
    if plan.parts > 1 {
      let merged = Indices(allocate(b * plan.parts * k))
      best = step(
        lists, best, rows: b * plan.parts, of: plan.blocks / plan.parts, into: merged, width: k)
      lists = merged
    }
    let last = plan.parts > 1 ? plan.parts : plan.blocks
    _ = step(lists, best, rows: b, of: last, into: index, width: width)
  }
}

/// How many times `size` hold `count`.
private func quotient(_ count: Int, _ size: Int) -> Int { (count + size - 1) / size }

/// How rows are shared out: `blocks` of `share` columns, `rows` rows at a time; `parts` of equally
/// many blocks, whose lists are merged at once.
private struct RowPlan {
  let share: Int
  let blocks: Int
  let parts: Int
  let rows: Int

  init(b: Int, n: Int, isCPU: Bool, units: Int) {
    // Columns that a work-group of the GPU form sorts at once.
    guard isCPU else {
      (share, rows) = (1024, 1)
      let needed = max(1, quotient(n, share))
      parts = quotient(needed, ScorePlan.mostLists)
      blocks = quotient(needed, parts) * parts
      return
    }
    parts = 1
    // Two work-groups a unit, of 4096 columns at least; rows below 1024 columns are not split.
    let wanted = max(1, min(2 * units / b, n / 4096, 64))
    share = max(1, quotient(n, wanted))
    blocks = max(1, quotient(n, share))
    rows = max(1, min(4096 / max(n, 1), b / (2 * units)))
  }
}

/// How scores are shared out: `blocks` of `share` items, for `queries` queries at a time.
package struct ScorePlan {
  let share: Int
  package let blocks: Int
  let queries: Int
  let isTiled: Bool
  /// A work-group for each block and each `queries` queries.
  package let groups: Int
  /// Lists that the GPU form merges at most.
  package static let mostLists = 2048

  package init(b: Int, n: Int, e: Int, isCPU: Bool, tile: ProductTile, units: Int) {
    // Below half a sliver, or a tenth of a tile, dot products do less work that is thrown away.
    isTiled = b >= (isCPU ? tile.rows / 2 : 8) && (!isCPU || e <= tile.depth)
    var queries = isCPU ? min(b, 256) : isTiled ? tile.rows : 1
    // Blocks of 4096 items at least; of the GPU form four work-groups a unit, each of a step of
    // score_rows' loop at least, two of score_tiles'.
    let wanted =
      isCPU
      ? min(b >= 64 ? 16 : 64, quotient(n, 4096))
      : min(Self.mostLists, 4 * units / quotient(b, queries))
    let step = isCPU ? tile.columns : 128
    share = max(1, quotient(quotient(n, max(1, wanted)), step)) * step
    blocks = max(1, quotient(n, share))
    while isCPU, blocks * quotient(b, queries) < 2 * units, queries >= 4 * tile.rows {
      queries /= 2
    }
    self.queries = queries
    groups = blocks * quotient(b, queries)
  }
}
