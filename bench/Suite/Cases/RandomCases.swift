extension KernelCase {
  static let random: [KernelCase] = [
    KernelCase("uniform", "1M", .catalogue, words: Size.million) { i in
      let y = i.empty(Size.million)
      return { i.backend.uniform(y, low: 0, high: 1, i.key) }
    },
    KernelCase("normal", "64×100", .drr, words: 6_400) { i in
      let y = i.empty(6_400)
      return { i.backend.normal(y, mean: 0, deviation: 1, i.key) }
    },
    KernelCase("replaceRows", "64×100", .drr, words: 6_400) { i in
      let x = i.floats(6_400)
      return {
        i.backend.replaceRows(
          x, m: 64, n: 100, probability: 0.5, low: 0, high: 1, coin: i.key, values: i.key)
      }
    },
    KernelCase("dropout", "2560×128", .irecgan, flops: 2560 * 128, words: 2 * 2560 * 128) { i in
      let (x, y) = (i.floats(2560 * 128), i.empty(2560 * 128))
      return { i.backend.dropout(x, rate: 0.5, i.key, into: y) }
    },
    KernelCase("bernoulli", "4096", .irecgan, flops: 3 * 4096, words: 2 * 4096) { i in
      let (logits, y) = (i.floats(4096), i.empty(4096))
      return { i.backend.bernoulli(logits, i.key, into: y) }
    },
  ]
}
