import Foundation
import Kernels
import TestSupport
import Testing

/// Built programs on disk: what is given back is what was stored under the same key, or nothing.
@Suite struct BinaryCacheTests {
  private let temporary = TemporaryFolder()
  private var folder: String { temporary.path + "/cache" }
  private let binary = (0..<1_000).map { UInt8(truncatingIfNeeded: $0 &* 37) }

  private func cache(_ key: String = "source, options, device, driver") -> OpenCLBinaryCache {
    OpenCLBinaryCache(key: key, name: "linear", folder: folder)
  }

  private func file() throws -> String {
    let names = try temporary.names("cache")
    #expect(names.count == 1, "no temporary file stays: \(names)")
    return folder + "/" + names[0]
  }

  @Test func givesBackWhatWasStored() throws {
    #expect(cache().load() == nil)
    cache().store(binary)
    #expect(cache().load() == binary)
    #expect(cache("another driver").load() == nil)
    cache().store([1, 2, 3])
    #expect(cache().load() == [1, 2, 3])
    _ = try file()
  }

  @Test func ignoresWhatIsDamaged() throws {
    cache().store(binary)
    let path = try file()
    let whole = try #require(FileManager.default.contents(atPath: path))
    for length in stride(from: 0, to: whole.count, by: 7) {
      try whole.prefix(length).write(to: URL(filePath: path))
      #expect(cache().load() == nil, "cut to \(length) bytes")
    }
    for at in whole.indices {
      var changed = whole
      changed[at] ^= 0x20
      try changed.write(to: URL(filePath: path))
      #expect(cache().load() == nil, "byte \(at) changed")
    }
    try (whole + [0]).write(to: URL(filePath: path))
    #expect(cache().load() == nil, "a byte too many")
  }

  /// A file that another key left under the name is not taken for this one's.
  @Test func comparesTheWholeKey() throws {
    cache("one").store(binary)
    let other = try file()
    cache("two").store([9])
    let names = try temporary.names("cache")
    let path = folder + "/" + (try #require(names.first { !other.hasSuffix($0) }))
    try FileManager.default.removeItem(atPath: path)
    try FileManager.default.copyItem(atPath: other, toPath: path)
    #expect(cache("two").load() == nil)
    #expect(cache("one").load() == binary)
  }

  @Test func takesThePlaceOfWhateverIsThere() throws {
    cache().store(binary)
    let path = try file()
    let other = temporary.path + "/other"
    try temporary.write("other", "not to be touched")
    for put in [{ symlink(other, path) }, { mkfifo(path, 0o600) }] {
      #expect(unlink(path) == 0 && put() == 0)
      cache().store(binary)
      #expect(cache().load() == binary)
      _ = try file()
    }
    #expect(try temporary.text("other") == "not to be touched")
  }

  @Test func sweepsWhatAKilledProcessLeft() throws {
    cache().store(binary)
    try temporary.write("cache/.drr-1.tmp", "half")
    cache().store(binary)
    _ = try file()
  }

  @Test func aFolderThatCannotBeMadeIsNoCache() {
    let nowhere = OpenCLBinaryCache(key: "key", name: "linear", folder: "/dev/null/nowhere")
    nowhere.store(binary)
    #expect(nowhere.load() == nil)
    let none = OpenCLBinaryCache(key: "key", name: "linear", folder: nil)
    none.store(binary)
    #expect(none.load() == nil)
  }
}
