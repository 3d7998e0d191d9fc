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
  ]
}
