import ArgumentParser
import DRR
import Tensor

/// The best of a whole catalogue.
struct Score: MeasuringCommand {
  static let configuration = CommandConfiguration(
    abstract: "Time scoring every item and keeping the best, beside FAISS.",
    discussion: """
      Bytes are those of the items, read once. What needs more memory or time than it may take is \
      left out by name.

      Examples:
        drr bench score --threads 1
        drr bench score --items 10000000 --batch 1 --memory 8192
      """)
  static let goesByCore = true

  @OptionGroup var measuring: MeasuringOptions
  @Option(help: "Items; give it again for more.")
  var items = [3_706, 62_423, 1_000_000, 10_000_000]
  @Option(help: "Queries at once; give it again for more.")
  var batch = [1, 8, 64, 1_024]
  @Option(help: "Numbers of a vector.")
  var width = 100
  @Option(help: "Items kept.")
  var top = 10
  @Option(help: "Mebibytes that the items may take; 6144, or half the device's, where left out.")
  var memory: Int?
  @Option(help: "GFLOP that one call may take; 30 on a processor, else 300, where left out.")
  var work: Double?

  func validate() throws {
    try requireSizes([("items", items)], upTo: 1_000_000_000)
    try requireSizes([("batch", batch), ("width", [width]), ("top", [top])])
    if let memory { try requireSizes([("memory", [memory])], upTo: 1 << 24) }
    if let work, !(work > 0 && work <= 1e9) {
      throw ValidationError("--work is \(work); it must be above 0 and at most 1000000000.")
    }
  }

  func figures(in room: Room) throws -> [Figure] {
    room.begin(items.count * batch.count + 7)
    let ceilings = try room.ceilings()
    return try items.sorted().flatMap { try figures(items: $0, ceilings, in: room) }
  }

  private func figures(items n: Int, _ ceilings: Ceilings, in room: Room) throws -> [Figure] {
    let memory = memory ?? min(6_144, Int(room.backend.device.memoryBytes >> 21))
    let work = work ?? (room.isProcessor ? 30 : 300)
    guard 4 * n * width <= memory << 20 else {
      room.skip(
        "scoring \(n) items is left out: their vectors take \((4 * n * width) >> 20) MiB, "
          + "--memory is \(memory)")
      return []
    }
    let inputs = Inputs(on: room.backend, seed: 1)
    let table = inputs.floats(n * width)
    return try batch.sorted().compactMap { b in
      let flops = 2 * Double(b) * Double(n) * Double(width)
      let name = "\(n) items, batch \(b)"
      room.step(name)
      guard flops <= work * 1e9 else {
        room.skip("\(name) is left out: \(Int(flops / 1e9)) GFLOP a call, --work is \(work)")
        return nil
      }
      // Several batches in turn; the items are the same, and pass the caches where they are many.
      let calls = (0..<3).map { _ in
        let query = inputs.floats(b * width)
        let (index, scores) = (inputs.emptyIndices(b * top), inputs.empty(b * top))
        return {
          room.backend.scoreTopK(
            query, items: table, bias: nil, allowed: nil, b: b, n: n, e: width, k: top,
            into: index, scores: scores)
        }
      }
      let peer = room.peer(
        "FAISS", "faiss_flat.py",
        ["--items", "\(n)", "--batch", "\(b)", "--width", "\(width)", "--top", "\(top)"])
      let (samples, answer) = try room.measure(
        [room.work(name, calls)], beside: room.isProcessor ? peer : nil)
      var figure = Figure(
        "score", name, samples[0], flops: flops, bytes: 4 * Double(n) * Double(width), in: room)
      figure.residence = 4 * n * width > room.lastLevelCache ? "memory" : "cache"
      figure.share = ceilings.share(of: figure)
      if let answer, let theirs = answer["search"] { figure.add(peer: answer.peer, theirs) }
      return figure
    }
  }
}
