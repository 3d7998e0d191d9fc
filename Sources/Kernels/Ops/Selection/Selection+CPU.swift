internal import CLoops

extension CPUBackend {
  public func scoreTopK(
    _ query: Floats, items: Floats, bias: Floats?, allowed: Bits?, b: Int, n: Int, e: Int, k: Int,
    into index: Indices, scores: Floats
  ) {
    guard begin() else { return }
    require(k >= 0, "scoreTopK: k is \(k)")
    require(n <= Int32.max, "scoreTopK: \(n) items are past 32 bits")
    var request = top_request(
      query: pointer(query, b * e, "scoreTopK", "query"),
      items: pointer(items, n * e, "scoreTopK", "items"),
      bias: bias.map { UnsafePointer(pointer($0, n, "scoreTopK", "bias")) },
      allowed: allowed.map {
        UnsafePointer(pointer($0, b * ((n + 31) / 32), "scoreTopK", "allowed"))
      },
      b: Int64(b), n: Int64(n), e: Int64(e), k: Int64(k),
      best: pointer(index, b * k, "scoreTopK", "index"),
      scores: pointer(scores, b * k, "scoreTopK", "scores"))
    withScratch(Int(top_scratch(blas, &request))) { scratch in
      flushingSubnormals { host_score_top(blas, &request, scratch) }
    }
  }

  public func topKRows(
    _ scores: Floats, gumbel: RandomKey?, b: Int, n: Int, k: Int, width: Int, into index: Indices
  ) {
    guard begin() else { return }
    require(0...width ~= k, "topKRows: k is \(k) of \(width) columns")
    require(n <= Int32.max, "topKRows: \(n) columns are past 32 bits")
    var request = top_rows_request(
      scores: pointer(scores, b * n, "topKRows", "scores"), b: Int64(b), n: Int64(n), k: Int64(k),
      width: Int64(width), perturbed: gumbel != nil, key: gumbel?.key ?? 0,
      counter: gumbel?.counter ?? 0, index: pointer(index, b * width, "topKRows", "index"))
    withScratch(Int(top_rows_scratch(blas, &request))) { host_top_rows(blas, &request, $0) }
  }

  public func excludeItems(
    _ rows: Indices, b: Int, w: Int, first: Int, n: Int, into allowed: Bits
  ) {
    guard begin() else { return }
    require((0...w).contains(first), "excludeItems: column \(first) of \(w)")
    let words = (n + 31) / 32
    let rows = pointer(rows, b * w, "excludeItems", "rows")
    let allowed = pointer(allowed, b * words, "excludeItems", "allowed")
    for i in 0..<b {
      let flags = allowed + i * words
      flags.update(repeating: ~0, count: words)
      if n % 32 > 0 { flags[words - 1] = 1 << UInt32(n % 32) - 1 }
      for c in first..<w {
        let item = Int(rows[i * w + c])
        if 0..<n ~= item { flags[item / 32] &= ~(1 << UInt32(item % 32)) }
      }
    }
  }

  public func replaceWords(places: Indices, words: Bits, c: Int, into target: Bits) {
    guard begin() else { return }
    let places = pointer(places, c, "replaceWords", "places")
    let words = pointer(words, c, "replaceWords", "words")
    let size = target.count
    let target = pointer(target, size, "replaceWords", "target")
    for i in 0..<c {
      let place = Int(places[i])
      require(0..<size ~= place, "replaceWords: place \(place) of \(size)")
      target[place] = words[i]
    }
  }
}
