import Tensor
import TestSupport
import Testing

/// Whatever is sent of a mask, the device then has all of it.
@Suite("Masks on a device")
struct DeviceMaskTests {
  /// More flags than are sent whole; the last word of a row is not full.
  private static let large = (rows: 64, items: 33_001)

  @Test(
    "it follows what is forbidden, sessions that end, copies and what is restored",
    arguments: TestDevices.withReference)
  func follows(_ device: TestDevice) throws {
    let backend = try device.make()
    for (rows, items) in [(5, 100), (64, 32_700), Self.large] {
      var random = SeededGenerator(UInt64(items))
      var start = ItemMask(rows: 1, items: items, allowed: true)
      for item in 0..<items where random.next() % 3 == 0 { start[0, item] = false }
      var mask = ItemMask(rows: rows, items: items, allowed: true)
      var saved = mask
      let device = DeviceMask(rows: rows, items: items, on: backend)
      for step in 0..<80 {
        let event = Int.random(in: 0..<12, using: &random)
        switch event {
        case 0: for row in 0..<rows { mask.copyRow(0, of: start, to: row) }
        case 1: mask.copyRow(0, of: start, to: Int.random(in: 0..<rows, using: &random))
        case 2: saved = mask
        case 3: mask = saved
        case 4:
          var other = mask
          other[rows - 1, items - 1].toggle()
          device.upload(other)
        case 5: mask = ItemMask(rows: rows, items: items, allowed: step % 2 == 0)
        case 6: break
        default:
          for row in 0..<rows {
            mask[row, Int.random(in: 0..<items, using: &random)] = random.next() % 4 == 0
          }
        }
        device.upload(mask)
        let isSame = try backend.read(device.view) == mask.words
        #expect(isSame, "\(rows) rows of \(items), step \(step), event \(event)")
      }
    }
  }

  @Test("of a large mask what changed is sent, in one write", arguments: TestDevices.withReference)
  func counts(_ device: TestDevice) throws {
    let backend = try device.make()
    let (rows, items) = Self.large
    let all = ItemMask(rows: 1, items: items, allowed: true)
    let none = ItemMask(rows: 1, items: items, allowed: false)
    var mask = ItemMask(rows: rows, items: items, allowed: true)
    let device = DeviceMask(rows: rows, items: items, on: backend)
    func asked(_ mask: ItemMask) -> Counters {
      let before = backend.counters
      device.upload(mask)
      let asked = backend.counters - before
      return Counters(launches: asked.launches, writes: asked.writes, syncs: asked.syncs)
    }
    let (whole, changed) = (Counters(writes: 1), Counters(launches: 1, writes: 1))
    #expect(asked(mask) == whole)
    #expect(asked(mask) == Counters())
    for step in 0..<20 {
      for row in 0..<rows { mask[row, 37 * step + row] = false }
      #expect(asked(mask) == changed)
    }
    // The flags of a session that ended are few; what is as it was is not sent.
    for row in 0..<rows { mask.copyRow(0, of: all, to: row) }
    #expect(asked(mask) == changed)
    mask[0, 0] = true
    #expect(asked(mask) == Counters())
    // More than an eighth.
    for row in 0..<rows { mask.copyRow(0, of: none, to: row) }
    #expect(asked(mask) == whole)
    // Two masks of one past.
    let copy = mask
    mask[0, 1] = true
    #expect(asked(mask) == whole)
    mask[0, 2] = true
    #expect(asked(mask) == changed)
    #expect(asked(copy) == whole)
    #expect(asked(mask) == whole)

    var small = ItemMask(rows: 1, items: 8, allowed: true)
    let smallDevice = DeviceMask(rows: 1, items: 8, on: backend)
    for item in 0..<3 {
      small[0, item] = false
      let before = backend.counters
      smallDevice.upload(small)
      #expect(backend.counters - before == Counters(writes: 1))
    }
  }

  @Test("masks are equal by their flags, whatever became of them before")
  func equality() {
    let (rows, items) = Self.large
    let mask = ItemMask(rows: rows, items: items, allowed: true)
    var other = mask
    other[3, 5] = false
    #expect(other != mask)
    other[3, 5] = true
    #expect(other == mask && other.hashValue == mask.hashValue)
    #expect(mask.count(row: rows - 1) == items)
  }
}
