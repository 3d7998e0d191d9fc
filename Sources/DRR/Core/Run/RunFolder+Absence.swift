import Platform

extension RunFolder {
  /// What is said where a run is looked for in this folder and there is none.
  ///
  /// - Parameter command: what starts one here, without `--run`.
  package func absence(_ command: String = "train drr") -> RunError {
    if exists(path + "/model.json") {
      return RunError(
        "\(path) is an exported model and no run; use `drr recommend --model \(path) --user ID`")
    }
    if exists(configuration) {
      return RunError(
        "\(configuration): not the configuration of a run; put it back from a copy, or start again "
          + "with --fresh")
    }
    // Of what is no folder, there are no names.
    guard !exists(path) || namesInFolder(path)?.isEmpty == true else {
      return RunError("\(path) holds no run; `drr runs` lists those that there are")
    }
    return RunError("\(path): no run was started there; use `drr \(command) --run \(path)`")
  }
}
