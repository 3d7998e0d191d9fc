import DRRCore
import DRRData

extension SessionLog {
  /// Layouts that a log of lists can be written in; items are written as their numbers.
  public enum OutputFormat: String, CaseIterable, Sendable {
    /// A folder with `gen_click.txt`, `gen_action.txt` and `gen_reward.txt`.
    case threeFiles = "three-files"
    /// One file of lines `session;state;click;list;purchase`.
    case semicolon
  }

  /// Writes the log; ``SessionSource`` reads it back. Files appear whole or not at all.
  ///
  /// - Parameter path: the folder, made where it is absent, or the file; the parent must exist.
  public func write(to path: String, format: OutputFormat) throws(DataError) {
    for session in 0..<count {
      for step in steps(of: session).dropFirst() where list(of: step).isEmpty {
        throw .cannotWrite(
          path: path,
          reason: "session \(session + 1) has a step without a list, which the layout needs")
      }
    }
    switch format {
    case .threeFiles:
      let names = ThreeFileSessions.names
      let writer = try FolderWriter(
        folder: path, marks: [names.clicks], others: [names.lists, names.rewards])
      try writer.write(names.clicks) { (file) throws(DataError) in
        try writeSteps(file) { file.write(decimal: Int64(clicks[$0])) }
      }
      let filling = longestList
      try writer.write(names.lists) { (file) throws(DataError) in
        try writeSteps(file) { step in
          let shown = list(of: step)
          // Only a start has none.
          shown.isEmpty
            ? file.write(items: repeatElement(clicks[step], count: max(filling, 1)))
            : file.write(items: shown)
        }
      }
      try writer.write(names.rewards) { (file) throws(DataError) in
        try writeSteps(file) { file.write(number: rewards[$0]) }
      }
      try writer.commit()
    case .semicolon:
      let file = try OutputFile(path: path)
      for session in 0..<count { try writeLines(of: session, file) }
      try file.finish()
    }
  }

  private func writeSteps(_ file: OutputFile, _ write: (Int) -> Void) throws(DataError) {
    for session in 0..<count {
      let steps = steps(of: session)
      for step in steps {
        if step > steps.lowerBound { file.write(32) }
        write(step)
      }
      try file.endLine()
    }
  }

  private func writeLines(of session: Int, _ file: OutputFile) throws(DataError) {
    let steps = steps(of: session)
    for step in steps {
      let after =
        states.isEmpty
        ? 0 : step + 1 < steps.upperBound ? states[step + 1] : lastStates[session]
      file.write(decimal: Int64(session + 1))
      file.write(59)
      file.write(decimal: Int64(after))
      file.write(59)
      file.write(decimal: Int64(clicks[step]))
      file.write(59)
      let shown = list(of: step)
      if step > steps.lowerBound || shown.contains(where: { $0 != clicks[step] }) {
        file.write(items: shown)
      }
      file.write(59)
      file.write(number: rewards[step])
      try file.endLine()
    }
  }
}

extension OutputFile {
  fileprivate func write(items: some Collection<Int32>) {
    var isFirst = true
    for item in items {
      if !isFirst { write(44) }
      write(decimal: Int64(item))
      isFirst = false
    }
  }

  /// Whole numbers without a point.
  fileprivate func write(number: Float) {
    if let whole = Int64(exactly: number) {
      write(decimal: whole)
    } else {
      for byte in number.description.utf8 { write(byte) }
    }
  }
}
