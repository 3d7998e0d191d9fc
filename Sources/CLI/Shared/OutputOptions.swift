import ArgumentParser
import DRR
import Platform

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
    guard Ranks.leads else { return }
    let kept = Swift.Result { try keep() }
    try Console.result(
      json ? Program.json(result) : text(), isForPeople: isForPeople && !json)
    try kept.get()
  }
}

/// Refuses a file whose folder is not there, before any work is done for it.
func requireFolder(of path: String, _ option: String) throws {
  let folder = path.parentFolder
  guard !RunFolder(folder).exists(folder) else { return }
  throw ValidationError(
    "\(option) is \(path), but there is no folder \(folder); make it, or name another file.")
}
