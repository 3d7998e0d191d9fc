import ArgumentParser

/// What memory and arithmetic can do, by loops of the bench's own.
struct CeilingsCommand: MeasuringCommand {
  static let configuration = CommandConfiguration(
    commandName: "ceilings", abstract: "Measure what the device can do at most.",
    discussion: """
      Read, copy and triad in GB/s, in a core's cache and in memory, and multiply-adds in GFLOP/s; \
      on the processor by loops of the bench's own, with one thread and with all.

      Examples:
        drr bench ceilings
        drr bench ceilings --device opencl --json
      """)

  @OptionGroup var measuring: MeasuringOptions

  func figures(in room: Room) throws -> [Figure] {
    guard room.isCPU else { return try room.ceilings().figures }
    let threads = room.threads == 1 ? [1] : [1, room.threads]
    room.begin(7 * threads.count)
    return try threads.flatMap { try Ceilings.onProcessor(room, threads: $0) }
  }
}
