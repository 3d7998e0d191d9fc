import Platform
import Tensor
import TestSupport
import Testing

/// Tables of which one set has some rows, beside a set that has them all.
@Suite("Tables whose rows several sets hold") struct HeldRowsTests {
  private static let (rows, width) = (7, 5)

  private static func set(_ initializer: Initializer, holding held: Range<Int>?) -> ParameterSet {
    let set = ParameterSet(on: CPUBackend(), seed: 8, stream: 2)
    _ = set.add("first", [3, 2], initializer)
    _ = set.add("table", [rows, width], initializer, holding: held)
    _ = set.add("last", [4, 1], initializer)
    return set
  }

  private static func values(_ set: ParameterSet, _ name: String) throws -> [Float] {
    try set.backend.read(set.named(name).values)
  }

  @Test(
    "are drawn as the whole ones are, and what comes behind them too",
    arguments: [
      .uniform(low: -1, high: 2), .normal(deviation: 0.5), .glorotUniform, .heUniform, .zeros,
      .constant(3),
    ] as [Initializer])
  func drawn(_ initializer: Initializer) throws {
    let whole = Self.set(initializer, holding: nil)
    let table = try Self.values(whole, "table")
    for held in [0..<7, 0..<1, 2..<6, 6..<7] {
      let part = Self.set(initializer, holding: held)
      #expect(part.named("table").shape == [held.count, Self.width])
      for name in ["first", "last"] {
        #expect(try Self.values(part, name) == Self.values(whole, name), "\(held)")
      }
      let own = held.lowerBound * Self.width..<held.upperBound * Self.width
      #expect(try Self.values(part, "table") == Array(table[own]), "\(held)")
    }
  }

  @Test("take their rows of a file of the whole, and their moments")
  func restored() throws {
    let whole = Self.set(.normal(deviation: 1), holding: nil)
    let adam = Adam(whole, learningRate: 0.1)
    for step in 0..<3 as Range<UInt64> {
      var random = SeededGenerator(step)
      whole.backend.write(random.floats(whole.count), to: whole.gradients)
      adam.step()
    }
    var file = SafetensorsWriter()
    try whole.save(to: &file, "weights")
    try adam.save(to: &file, "adam")
    let read = try SafetensorsFile(bytes: file.bytes(), name: "state")

    let part = Self.set(.zeros, holding: 2..<6)
    let partAdam = Adam(part, learningRate: 0.1)
    try part.restore(from: read, "weights")
    try partAdam.restore(from: read, "adam")
    let own = 2 * Self.width..<6 * Self.width
    #expect(try Self.values(part, "table") == Array(Self.values(whole, "table")[own]))
    #expect(try Self.values(part, "last") == Self.values(whole, "last"))
    let (place, all) = (part.named("table").values, whole.named("table").values)
    for (found, wanted) in [
      (partAdam.moments.first, adam.moments.first), (partAdam.moments.second, adam.moments.second),
    ] {
      let found = try part.backend.read(found[place.offset..<place.offset + place.count])
      let wanted = try whole.backend.read(wanted[all.offset..<all.offset + all.count])
      #expect(found == Array(wanted[own]))
    }
  }

  @Test("refuse a value that none can go on from by its place in the whole")
  func refused() throws {
    let whole = Self.set(.zeros, holding: nil)
    var table = [Float](repeating: 0, count: Self.rows * Self.width)
    table[13] = .infinity
    var file = SafetensorsWriter()
    try file.add("w.first", [Float](repeating: 0, count: 6), shape: [3, 2])
    try file.add("w.table", table, shape: [Self.rows, Self.width])
    try file.add("w.last", [Float](repeating: 0, count: 4), shape: [4, 1])
    let read = try SafetensorsFile(bytes: file.bytes(), name: "state")
    for set in [whole, Self.set(.zeros, holding: 2..<4)] {
      let error = #expect(throws: CheckpointError.self) { try set.restore(from: read, "w") }
      #expect(error?.description.contains("is inf at place 13 of 35") == true, "\(error!)")
    }
    // Rows of others are theirs to look at.
    try Self.set(.zeros, holding: 3..<7).restore(from: read, "w")
  }

  @Test("of pieces a file has the bytes of arrays, and who attends makes as many as who writes")
  func pieces() throws {
    let values = (0..<23).map { Float($0) * 0.5 }
    var calls = 0
    func file(inPieces: Bool) throws -> SafetensorsWriter {
      var file = SafetensorsWriter(metadata: ["a": "b"])
      try file.add("before", [Int64(3)])
      if inPieces {
        try file.add("t", shape: [23, 1]) { (take) throws(FileError) in
          calls += 1
          for first in stride(from: 0, to: 23, by: 7) {
            try take(Array(values[first..<min(first + 7, 23)]))
          }
        }
      } else {
        try file.add("t", values, shape: [23, 1])
      }
      try file.add("z", [Float(1)])
      return file
    }
    let (whole, made) = (try file(inPieces: false), try file(inPieces: true))
    #expect(try made.bytes() == whole.bytes())
    #expect(try made.checksum == whole.checksum)
    let folder = TemporaryFolder()
    calls = 0
    try made.write(to: folder.path + "/made")
    #expect(calls == 2)
    try made.attend()
    #expect(calls == 4)
    try whole.write(to: folder.path + "/whole")
    #expect(try folder.data("made") == folder.data("whole"))
  }

  @Test("a piece that cannot be had leaves the file as it was")
  func failing() throws {
    let folder = TemporaryFolder()
    try folder.write("file", "old")
    var file = SafetensorsWriter()
    try file.add("t", shape: [2]) { (_) throws(FileError) in
      throw FileError(path: "t of rank 1", action: "gather", code: EIO)
    }
    let error = #expect(throws: CheckpointError.self) { try file.write(to: folder.path + "/file") }
    #expect(error?.description.hasPrefix("cannot gather t of rank 1: ") == true)
    #expect(try folder.text("file") == "old" && folder.names == ["file"])
  }
}
