import ArgumentParser

/// Parts of a batch's gradient, of what trains in ranks.
struct BatchPartsOption: ParsableArguments {
  @Option(
    help: """
      Parts that a batch's gradient is the sum of, a power of two. As many processes of mpirun or \
      fewer come to the same bits then. (default: a part a process)
      """)
  var batchParts: Int?
}
