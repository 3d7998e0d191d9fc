import Benchmarks
import Terminal

Interrupt.watch(isWatched: false)
Benchmark.main()
