import DRRTestSupport
import Foundation

/// What the system's tools pack.
enum Gzip {
  static func packed(_ data: Data) -> Data {
    let deflated = ZipBuilder.deflate(data)
    func little(_ value: UInt32) -> Data { withUnsafeBytes(of: value.littleEndian) { Data($0) } }
    return Data([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]) + deflated + little(referenceCRC(data))
      + little(UInt32(data.count))
  }

  /// POSIX ustar; names over a hundred bytes by GNU's or pax's long names.
  static func tar(_ files: [(String, Data)], isPax: Bool = false) -> Data {
    func entry(_ name: String, _ data: Data, _ type: UInt8) -> Data {
      var header = [UInt8](repeating: 0, count: 512)
      func put(_ text: String, _ at: Int) {
        header.replaceSubrange(at..<at + text.utf8.count, with: text.utf8)
      }
      put(String(name.prefix(99)), 0)
      put("0000644\0", 100)
      let size = String(data.count, radix: 8)
      put(String(repeating: "0", count: 11 - size.count) + size, 124)
      put("        ", 148)
      header[156] = type
      put("ustar\u{0}00", 257)
      let sum = String(header.reduce(0) { $0 + Int($1) }, radix: 8)
      put(String(repeating: "0", count: 6 - sum.count) + sum + "\0 ", 148)
      return Data(header) + data + Data(count: (512 - data.count % 512) % 512)
    }
    var archive = Data()
    for (name, data) in files {
      if name.utf8.count > 99 {
        let record = "path=\(name)\n"
        let text = isPax ? "\(record.utf8.count + 4) \(record)" : name + "\0"
        archive += entry("long", Data(text.utf8), isPax ? 120 : 76)
      }
      archive += entry(name, data, 48)
    }
    return archive + Data(count: 1_024)
  }
}
