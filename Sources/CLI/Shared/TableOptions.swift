import ArgumentParser
import DRR

/// How many figures are printed, and in what form.
struct TableOptions: ParsableArguments {
  @Flag(help: "Print every figure: each K, and all that is beside the main table.")
  var all = false
  @Option(help: "How the table is written.")
  var format = TableFormat.text

  func validate() throws {
    if all && format != .text {
      throw ValidationError("--all has many tables; leave out --format \(format.rawValue).")
    }
  }
}

extension TableFormat: ExpressibleByArgument {}
