import Benchmarks
import Terminal

Interrupt.watch(isWatched: false)
Screen.begin(ScreenSettings(), isWatched: false)
Benchmark.main()
