import ArgumentParser
import DRR

/// How a command prints its result.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Print the result as JSON on standard output.")
  var json = false

  /// Prints a result: itself as JSON where that is wanted, otherwise its text.
  ///
  /// - Parameters:
  ///   - isForPeople: whether the text is prose and tables, not a form that programs read.
  ///   - keep: writes it to files. What cannot be written is printed all the same.
  func print(
    _ result: some Encodable, _ text: @autoclosure () -> String, isForPeople: Bool = true,
    keep: () throws -> Void = {}
  ) throws {
    let kept = Swift.Result { try keep() }
    try Console.result(
      json ? Program.json(result) : text(), isForPeople: isForPeople && !json)
    try kept.get()
  }
}
