import ArgumentParser
import DRR
import Tensor

/// Every op at the shapes that it is used at, against the ceilings.
struct KernelsCommand: MeasuringCommand {
  static let configuration = CommandConfiguration(
    commandName: "kernels", abstract: "Time every op at the shapes that it is used at.",
    discussion: """
      Flops and bytes are those that the op cannot do without; a share is of what the measured \
      ceilings would allow them. Inputs are several sets in turn: "memory" means that together \
      they pass the last cache, "cache" that they may lie in one, as after the op before. tanh, \
      Adam and the cross-entropy have PyTorch beside them, the first two plain Swift as well.

      Examples:
        drr bench kernels --threads 1
        drr bench kernels --filter softmax --roofline roofline.svg
      """)
  static let goesByCore = true

  @OptionGroup var measuring: MeasuringOptions
  @Option(help: "Only cases whose name holds this.")
  var filter: String?
  @Option(help: "Mebibytes that a case's sets of inputs may take.")
  var memory = 2_048
  @Option(help: "A file for the roofline picture (SVG).")
  var roofline: String?

  func validate() throws {
    try requireSizes([("memory", [memory])], upTo: 1 << 24)
  }

  func figures(in room: Room) throws -> [Figure] {
    let cases = KernelCase.all.filter { filter == nil || $0.name.contains(filter!) }
    guard !cases.isEmpty else {
      throw ValidationError("--filter is \(filter ?? ""); no case's name holds that.")
    }
    room.begin(cases.count + 7)
    let ceilings = try room.ceilings()
    let figures = try cases.compactMap { try figure($0, ceilings, in: room) }
    let all = ceilings.figures + figures
    if let roofline {
      let report = Report(stamp: room.stamp, figures: figures, skipped: [])
      if let picture = Roofline(report) {
        try AtomicFile.write(picture.svg, to: roofline, readers: .all)
      } else {
        room.skip("--roofline \(roofline) is left out: no op counts both operations and bytes")
      }
    }
    return all
  }

  private func figure(_ item: KernelCase, _ ceilings: Ceilings, in room: Room) throws -> Figure? {
    room.step(item.name)
    let sets = sets(of: item, in: room)
    guard sets > 0 else {
      room.skip("\(item.name) is left out: it needs more than --memory \(memory)")
      return nil
    }
    let inputs = Inputs(on: room.backend)
    let calls = (0..<sets).map { _ in item.prepare(inputs) }
    try room.backend.synchronize()
    var works = [room.work("ours", calls)]
    if let plain = item.plain, room.isCPU {
      works.append(Work("plain Swift", [plain(inputs)]))
    }
    let peer = item.torch.map {
      room.peer("PyTorch", "torch_cpu.py", ["--case", $0])
    }
    let (samples, answer) = try room.measure(works, beside: room.isProcessor ? peer : nil)
    var figure = Figure(
      "kernels", item.name, samples[0], flops: item.flops, bytes: item.bytes, in: room)
    figure.residence = item.residence.rawValue
    figure.share = ceilings.share(of: figure)
    if samples.count > 1 { figure.add(peer: "plain Swift", samples[1]) }
    if let answer, let name = item.torch, let theirs = answer[name] {
      figure.add(peer: answer.peer, theirs)
    }
    return figure
  }

  /// Sets of inputs: so many that they pass the last cache where they are to stream. What an op
  /// reads and writes counts twice among its bytes.
  private func sets(of item: KernelCase, in room: Room) -> Int {
    let most = Int((Double(memory << 20) - item.tableBytes) / item.bytes)
    guard item.residence == .memory else { return min(3, most) }
    let cache = Double(room.isProcessor ? room.lastLevelCache : 256 << 20)
    return min(most, 4_096, max(3, Int((2.5 * cache / item.bytes).rounded(.up))))
  }
}
