import CZlib
import DRR
import Foundation
@_exported import TestSupport

extension RatingsLog {
  /// The same users, items and order with only the rows for which `keep` is true.
  func keepingRows(where keep: (Int) -> Bool) -> RatingsLog {
    var part = self
    part.users = []
    part.items = []
    part.ratings = []
    part.times = []
    for user in 0..<userCount {
      for row in rows(ofUser: user) where keep(row) {
        part.users.append(users[row])
        part.items.append(items[row])
        part.ratings.append(ratings[row])
        part.times.append(times[row])
      }
      part.userOffsets[user + 1] = part.ratings.count
    }
    return part
  }
}

/// The checksum by its definition, bit by bit: independent of zlib.
func referenceCRC(_ bytes: some Sequence<UInt8>) -> UInt32 {
  var crc: UInt32 = 0xffff_ffff
  for byte in bytes {
    crc ^= UInt32(byte)
    for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xedb8_8320 : crc >> 1 }
  }
  return ~crc
}

func hexadecimal(_ crc: UInt32) -> String { String(format: "%08x", crc) }

/// Zip archives by the book (APPNOTE 4.3), with every field open to damage.
struct ZipBuilder {
  struct File {
    var name: String
    var data: Data
    var deflated = true
    var flags: UInt16 = 0
    var method: UInt16?
    var crc: UInt32?
    var size: Int?
    var zip64 = false
  }

  var files: [File] = []
  var zip64End = false

  static func deflate(_ data: Data) -> Data {
    var stream = z_stream()
    let size = Int32(MemoryLayout<z_stream>.size)
    deflateInit2_(&stream, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
    var input = [UInt8](data)
    var output = [UInt8](repeating: 0, count: data.count + 1024)
    let inputCount = UInt32(input.count)
    let outputCount = UInt32(output.count)
    let produced = input.withUnsafeMutableBufferPointer { input in
      output.withUnsafeMutableBufferPointer { output in
        stream.next_in = input.baseAddress
        stream.avail_in = inputCount
        stream.next_out = output.baseAddress
        stream.avail_out = outputCount
        CZlib.deflate(&stream, Z_FINISH)
        return Int(stream.total_out)
      }
    }
    deflateEnd(&stream)
    return Data(output[0..<produced])
  }

  func build() -> Data {
    var archive = Data()
    var directory = Data()
    for file in files {
      let packed = file.deflated ? Self.deflate(file.data) : file.data
      let crc = file.crc ?? referenceCRC(file.data)
      let size = file.size ?? file.data.count
      let method = file.method ?? (file.deflated ? 8 : 0)
      let common =
        little(20, 2) + little(Int(file.flags), 2) + little(Int(method), 2) + little(0, 4)
        + little(Int(crc), 4)
      let sizes =
        file.zip64
        ? little(0xffff_ffff, 4) + little(0xffff_ffff, 4)
        : little(packed.count, 4) + little(size, 4)
      let name = Data(file.name.utf8)
      let offset = archive.count
      archive += little(0x0403_4b50, 4) + common + sizes + little(name.count, 2) + little(0, 2)
      archive += name + packed
      let wide =
        little(1, 2) + little(24, 2) + little(size, 8) + little(packed.count, 8) + little(offset, 8)
      let extra = file.zip64 ? wide : Data()
      directory += little(0x0201_4b50, 4) + little(20, 2) + common + sizes
      directory += little(name.count, 2) + little(extra.count, 2) + little(0, 2) + little(0, 8)
      directory += little(file.zip64 ? 0xffff_ffff : offset, 4) + name + extra
    }
    let at = archive.count
    archive += directory
    if zip64End {
      let record = archive.count
      archive += little(0x0606_4b50, 4) + little(44, 8) + little(45, 2) + little(45, 2)
      archive += little(0, 8) + little(files.count, 8) + little(files.count, 8)
      archive += little(directory.count, 8) + little(at, 8)
      archive += little(0x0706_4b50, 4) + little(0, 4) + little(record, 8) + little(1, 4)
      archive += little(0x0605_4b50, 4) + little(0, 4) + little(0xffff, 2) + little(0xffff, 2)
      return archive + little(0xffff_ffff, 4) + little(0xffff_ffff, 4) + little(0, 2)
    }
    archive += little(0x0605_4b50, 4) + little(0, 4) + little(files.count, 2)
    archive += little(files.count, 2) + little(directory.count, 4) + little(at, 4) + little(0, 2)
    return archive
  }

  private func little(_ value: Int, _ bytes: Int) -> Data {
    Data((0..<bytes).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) })
  }
}

extension RatingsLog {
  /// `user item rating time` of every row, ids as the files spell them.
  var spelled: [String] {
    (0..<count).map {
      "\(userIDs[Int(users[$0])]) \(itemIDs[Int(items[$0])]) \(ratings[$0]) \(times[$0])"
    }
  }
}

/// The error of loading `path`, as the user reads it; nil where it loads.
func message(_ path: String) -> String? {
  do throws(DataError) {
    _ = try RatingsSource.load(path)
    return nil
  } catch {
    return error.description
  }
}
