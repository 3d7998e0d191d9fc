import Benchmarks

Benchmark.main()
