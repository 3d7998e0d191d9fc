import Foundation
import Platform
import Tensor
import TestSupport
import Testing

@Suite struct AtomicFileTests {
  private func error(_ body: () throws -> Void) -> CheckpointError? {
    do { try body() } catch { return error as? CheckpointError }
    return nil
  }

  @Test func replacesTheWholeFile() throws {
    let folder = TemporaryFolder()
    let path = folder.path + "/report.json"
    try AtomicFile.write("a longer first text", to: path)
    try AtomicFile.write("{}\n", to: path)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "{}\n")
    #expect(folder.names == ["report.json"])
  }

  @Test func keepsPermissionsAndFollowsLinks() throws {
    let folder = TemporaryFolder()
    let (path, link) = (folder.path + "/a", folder.path + "/link")
    try AtomicFile.write("1", to: path)
    try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "a")
    try AtomicFile.write("2", to: link)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "2")
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.posixPermissions] as? Int == 0o640)
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "a")
  }

  /// What one has under way another does not sweep away, before it is locked or after.
  @Test func manyWriteIntoOneFolder() async throws {
    let folder = TemporaryFolder()
    let path = folder.path
    try await withThrowingTaskGroup(of: Void.self) { group in
      for writer in 0..<8 {
        group.addTask {
          for turn in 0..<40 { try AtomicFile.write("\(turn)", to: "\(path)/\(writer)") }
        }
      }
      try await group.waitForAll()
    }
    #expect(folder.names == (0..<8).map { "\($0)" })
    for name in folder.names { #expect(try folder.text(name) == "39") }
  }

  private func mode(_ path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
  }

  @Test("a new file is its owner's alone, unless all may read it")
  func newFilesArePrivate() throws {
    let folder = TemporaryFolder()
    let before = umask(0o022)
    defer { _ = umask(before) }
    try AtomicFile.write("ratings", to: folder.path + "/mine")
    try AtomicFile.write("<svg/>", to: folder.path + "/chart", readers: .all)
    try AtomicFile.append(line: "{}", to: folder.path + "/lines")
    try SafetensorsWriter(metadata: [:]).write(to: folder.path + "/weights")
    #expect(try mode(folder.path + "/mine") == 0o600)
    #expect(try mode(folder.path + "/chart") == 0o644)
    #expect(try mode(folder.path + "/lines") == 0o600)
    #expect(try mode(folder.path + "/weights") == 0o600)
  }

  @Test("what is given up leaves nothing, and what is not yet whole has a name of its own")
  func abandoned() throws {
    let folder = TemporaryFolder()
    let path = folder.path + "/file"
    try AtomicFile.write("old", to: path)
    do {
      let (one, other) = (try FileSink(replacing: path), try FileSink(replacing: path))
      #expect(folder.names.count == 3 && folder.names.last == "file")
      #expect(try folder.text("file") == "old")
      // One of a killed process is not locked.
      try folder.write(".drr-1.tmp", "half")
      Temporaries.sweep(folder.path)
      #expect(folder.names.count == 3 && !folder.exists(".drr-1.tmp"))
      withExtendedLifetime((one, other)) {}
    }
    #expect(folder.names == ["file"])
    try folder.write(".drr-2.tmp", "half")
    try AtomicFile.write("new", to: path)
    #expect(folder.names == ["file"])
  }

  @Test func appendsLines() throws {
    let folder = TemporaryFolder()
    let path = folder.path + "/log.jsonl"
    try AtomicFile.append(line: "{\"step\":1}", to: path)
    try AtomicFile.append(line: "{\"step\":2}", to: path, synchronize: true)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "{\"step\":1}\n{\"step\":2}\n")
  }

  @Test func leavesTheOldFileWhenWritingFails() throws {
    let folder = TemporaryFolder()
    let path = folder.path + "/model"
    try AtomicFile.write("old", to: path)
    let thrown = error {
      try AtomicFile.write(to: path) { (sink) throws(FileError) in
        try sink.write(Array("half of the new file".utf8))
        throw FileError(path: path, action: "write", code: ENOSPC)
      }
    }
    #expect(thrown == .system(path: path, action: "write", code: ENOSPC))
    #expect(folder.names == ["model"])
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "old")
  }

  /// /dev/full answers ENOSPC to every write.
  @Test func reportsAFullDisk() throws {
    var writer = SafetensorsWriter()
    try writer.add("w", [Float](repeating: 1, count: 100_000))
    let expected = CheckpointError.system(path: "/dev/full", action: "write", code: ENOSPC)
    #expect(error { try writer.write(to: "/dev/full") } == expected)
    #expect(error { try AtomicFile.write("text", to: "/dev/full") } == expected)
    #expect(expected.description == "cannot write /dev/full: No space left on device")
    let appended = error { try AtomicFile.append(line: "text", to: "/dev/full") }
    #expect(appended?.description == "cannot append to /dev/full: No space left on device")
  }

  @Test func reportsWhatTheSystemRefuses() throws {
    let folder = TemporaryFolder()
    let file = folder.path + "/file"
    try AtomicFile.write("x", to: file)
    func code(_ path: String) -> Int32? {
      guard case .system(path, _, let code)? = error({ try AtomicFile.write("x", to: path) })
      else { return nil }
      return code
    }
    #expect(code(folder.path + "/missing/file") == ENOENT)
    #expect(code(file + "/below") == ENOTDIR)
    #expect(code(folder.path) == EISDIR)
    #expect(code(folder.path + "/" + String(repeating: "n", count: 300)) == ENAMETOOLONG)
    #expect(folder.names == ["file"])

    for (path, expected) in [(folder.path + "/none", ENOENT), (folder.path, EISDIR)] {
      let thrown = error { _ = try SafetensorsFile(contentsOf: path) }
      #expect(thrown == .system(path: path, action: "read", code: expected))
    }
    let device = error { _ = try SafetensorsFile(contentsOf: "/dev/zero") }
    #expect(device?.description.hasSuffix("it is a device or a pipe") == true)
  }

  /// Without write permission; a superuser is not refused, so its outcome is the written file.
  @Test func needsAFolderThatMayBeWritten() throws {
    let folder = TemporaryFolder()
    let path = folder.path + "/file"
    let manager = FileManager.default
    try manager.setAttributes([.posixPermissions: 0o555], ofItemAtPath: folder.path)
    defer {
      try? manager.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path)
    }
    let thrown = error { try AtomicFile.write("x", to: path) }
    if manager.isWritableFile(atPath: folder.path) {
      #expect(thrown == nil)
    } else {
      #expect(thrown == .system(path: path, action: "write", code: EACCES))
    }
  }
}
