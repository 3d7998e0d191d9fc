import Foundation
import Kernels
import TestSupport
import Testing

/// The sizes of matrix products: any that are valid give right results, and a profile gives back
/// what was stored for its device, or the default.
@Suite struct TuningTests {
  private static let tunings: [(form: KernelForm, tile: ProductTile)] = [
    (.cpu, ProductTile(rows: 4, columns: 32, depth: 16)),
    (.cpu, ProductTile(rows: 12, columns: 64, depth: 48)),
    (.gpu, ProductTile(rows: 128, columns: 128, depth: 16, itemRows: 8, itemColumns: 8)),
    (.gpu, ProductTile(rows: 32, columns: 16, depth: 64, itemRows: 2, itemColumns: 1)),
  ]

  @Test(arguments: tunings.indices)
  func anyTileIsRight(_ number: Int) throws {
    let (form, tile) = Self.tunings[number]
    for candidate in DeviceCatalog.candidates() {
      guard case .openCL = candidate.info?.id, let info = candidate.info,
        form == .gpu || info.kind == .cpu
      else { continue }
      let shapes = ["m 33 k 65 n 129 tanh", "m 129 k 17 n 33", "m 2 k 1025 n 3"]
      for row in OpTable.linear + OpTable.linearBackward
      where shapes.contains(where: row.shape.hasPrefix) {
        let backend = try OpenCLBackend(
          device: info.id, form: form, tuning: ProductTuning([tile]))
        let run = OpRun(row, on: backend)
        let reference = OpRun(row, on: ReferenceBackend())
        for operand in run.operands where operand.role != .input {
          let violation = row.bound(of: operand).violation(
            try run.values(operand), try reference.values(operand))
          #expect(violation == nil, "\(row) in \(tile), \(operand.name) on \(info.name)")
        }
        #expect(try run.damage() == [], "\(row) in \(tile)")
      }
    }
  }

  /// A tile that fills every unit, but of which little lies outside the result.
  @Test(arguments: [
    (64, 27_278, "64x64x16/4x4"), (2048, 2048, "128x128x16/8x8"), (64, 128, "16x16x64"),
    (1000, 1000, "64x64x16/4x4"), (1, 100_000, "16x16x64"),
  ])
  func theTileFitsTheResult(_ rows: Int, _ columns: Int, _ tile: String) {
    let tuning = ProductTuning.default(isCPU: false, traits: traits)
    let choice = tuning.choice(rows: rows, columns: columns, units: 132)
    #expect(tuning.tiles[choice].description == tile)
  }

  /// A GPU of 132 units has enough to do with any catalogue of its users' sizes, and no more lists
  /// than are merged.
  @Test(arguments: [
    (1, 1682, 14), (1, 27_278, 214), (1, 10_000_000, 528), (64, 27_278, 214), (1024, 62_423, 528),
    (100_000, 1682, 1563), (4, 1_000_000, 524),
  ])
  func aCatalogueFillsAGPU(_ b: Int, _ n: Int, _ groups: Int) {
    let plan = ScorePlan(b: b, n: n, e: 100, isCPU: false, tile: .scoring, units: 132)
    #expect(plan.groups == groups)
    #expect(plan.blocks <= ScorePlan.mostLists)
  }

  private let temporary = TemporaryFolder()
  private var folder: String { temporary.path + "/tuning" }
  private let traits = DeviceTraits(vendor: "NVIDIA", localBytes: 48 << 10, vectorWidth: 1)

  private func device(_ name: String, driver: String = "driver 1") -> DeviceInfo {
    DeviceInfo(
      id: .openCL(platform: 0, index: 0), kind: .gpu, name: name, driver: driver, memoryBytes: 1,
      computeUnits: 1)
  }

  private func read(_ info: DeviceInfo) -> OpenCLTuning {
    OpenCLTuning(info, traits, isCPU: false, folder: folder)
  }

  @Test func aProfileIsReadBack() throws {
    let info = device("A")
    let standard = read(info)
    #expect(standard.note.hasSuffix("the default"))
    let tuning = ProductTuning([
      ProductTile(rows: 64, columns: 32, depth: 32, itemRows: 4, itemColumns: 2),
      ProductTile(rows: 16, columns: 16, depth: 32),
    ])
    #expect(tuning != standard.tuning)
    let path = try OpenCLTuning.store(tuning, info, isCPU: false, folder: folder)
    #expect(read(info).tuning == tuning)
    #expect(read(info).note.contains(path))
    #expect(try temporary.names("tuning").count == 1)
    #expect(read(device("B")).tuning == standard.tuning)
    #expect(read(device("A", driver: "driver 2")).tuning == standard.tuning)
  }

  /// Whatever stands in the file, the default serves and the note says why.
  @Test func aProfileThatIsNoneIsIgnored() throws {
    let info = device("A")
    let standard = read(info).tuning
    let tile = ProductTile(rows: 16, columns: 16, depth: 32)
    let path = try OpenCLTuning.store(ProductTuning([tile]), info, isCPU: false, folder: folder)
    let whole = try String(contentsOfFile: path, encoding: .utf8)
    func expectIgnored(_ text: String) throws {
      try text.write(toFile: path, atomically: true, encoding: .utf8)
      let found = read(info)
      #expect(found.tuning == standard && found.note.contains("is ignored"), "\(text)")
    }
    for length in 0..<whole.count { try expectIgnored(String(whole.prefix(length))) }
    for (from, to) in [
      ("device A", "device B"), ("driver 1", "driver 2"), ("gpu", "cpu"), ("16x16x32", "16x16"),
      ("16x16x32", "0x16x32"), ("16x16x32", "16x16x32/3x1"), ("16x16x32", "999999x16x32"),
      ("16x16x32", "16x16x32,"), ("16x16x32", "128x128x128/8x8"), ("tuning 1", "tuning 2"),
    ] {
      try expectIgnored(whole.replacingOccurrences(of: from, with: to))
    }
    try expectIgnored(whole + "more\n")
  }
}
