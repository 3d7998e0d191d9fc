import ArgumentParser
import DRR

/// Options that every command has.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Print the result as JSON on standard output.")
  var json = false
}
