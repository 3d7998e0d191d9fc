import DRR

/// Reads a log of sessions, showing progress, and says what was repaired.
func loadSessions(_ source: String, _ options: SessionOptions) throws -> SessionLog {
  let progress = Progress()
  defer { progress.finish() }
  let log = try SessionSource.load(source, options) { done, total in
    progress.update(done, of: total, "bytes")
  }
  progress.finish()
  for repair in log.repairs.entries {
    Console.note(
      "\(repair.kind.rawValue): \(grouped(repair.count)), first \(repair.first.joined(separator: "; "))"
    )
  }
  if log.listsAreSampled {
    Console.note("\(log.name) has no lists: those used here are samples, the click among them")
  }
  return log
}
