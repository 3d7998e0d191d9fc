import Foundation
import Tensor
import TestSupport
import Testing

@Suite("Folders that appear whole or not at all") struct StagedFolderTests {
  let folder = TemporaryFolder()

  private func stage(_ name: String = "out") throws -> StagedFolder {
    try StagedFolder(replacing: folder.path + "/" + name, marks: ["a"], others: ["b"])
  }

  private func refusal(_ name: String) -> String? {
    do { _ = try stage(name) } catch { return "\(error)" }
    return nil
  }

  @Test("an older folder stays until the new one takes its place, and goes whole")
  func replaces() throws {
    _ = try folder.folder("out", ["a": "1", "b": "1"])
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o750], ofItemAtPath: folder.path + "/out")
    let staged = try stage("out//")
    try AtomicFile.write("2", to: staged.file("a"))
    #expect(try folder.text("out/a") == "1" && folder.names.count == 2)
    try staged.commit()
    #expect(try folder.contents("out") == ["a": Data("2".utf8)])
    #expect(folder.names == ["out"])
    let attributes = try FileManager.default.attributesOfItem(atPath: folder.path + "/out")
    #expect(attributes[.posixPermissions] as? Int == 0o750)
  }

  @Test("given up, nothing is left, and what stood there is as it was")
  func abandoned() throws {
    do {
      let staged = try stage()
      try AtomicFile.write("2", to: staged.file("a"))
    }
    #expect(folder.names == [])
    _ = try folder.folder("out", ["a": "1"])
    do {
      let staged = try stage()
      try AtomicFile.write("2", to: staged.file("a"))
    }
    #expect(folder.names == ["out"])
    #expect(try folder.text("out/a") == "1")
  }

  @Test("a folder of something else is refused by what it holds")
  func others() throws {
    _ = try folder.folder("notes", ["a": "1", "notes.txt": "mine"])
    #expect(
      refusal("notes")
        == "\(folder.path)/notes holds something else, 'notes.txt', and is replaced as a whole; name "
        + "another folder")
    // What is nobody's mark may be anyone's.
    _ = try folder.folder("other", ["b": "1"])
    #expect(refusal("other")?.contains("holds something else, 'b'") == true)
    try folder.write("file", "1")
    #expect(refusal("file") == "\(folder.path)/file is there, and is no folder; name another")
    #expect(
      refusal("no/where") == "cannot write \(folder.path)/no/where: No such file or directory")
    _ = try folder.folder("empty", [String: String]())
    #expect(refusal("empty") == nil)
    #expect(folder.names == ["empty", "file", "notes", "other"])
  }

  @Test("a link to a folder stays one")
  func links() throws {
    _ = try folder.folder("real", ["a": "1"])
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/out", withDestinationPath: "real")
    let staged = try stage()
    try AtomicFile.write("2", to: staged.file("a"))
    try staged.commit()
    #expect(try folder.text("real/a") == "2")
    #expect(
      try FileManager.default.destinationOfSymbolicLink(atPath: folder.path + "/out") == "real")
    #expect(folder.names == ["out", "real"])
  }

  @Test("two at once leave one of the two, whole")
  func two() throws {
    for number in 0..<20 {
      _ = try folder.folder("out", ["a": "0", "b": "0"])
      let path = folder.path + "/out"
      DispatchQueue.concurrentPerform(iterations: 2) { place in
        guard let staged = try? StagedFolder(replacing: path, marks: ["a"], others: ["b"]) else {
          return
        }
        for name in ["a", "b"] { try? AtomicFile.write("\(place + 1)", to: staged.file(name)) }
        try? staged.commit()
      }
      let found = try folder.contents("out")
      #expect(found["a"] == found["b"] && found["a"] != Data("0".utf8), "round \(number)")
      #expect(folder.names == ["out"])
    }
  }

  @Test("what a killed process left beside it goes, what another is at work on stays")
  func sweeps() throws {
    _ = try folder.folder(".drr-1.tmp", ["a": "half"])
    let working = try stage("other")
    let staged = try stage()
    #expect(!folder.exists(".drr-1.tmp") && folder.names.count == 2)
    try staged.commit()
    try working.commit()
    #expect(folder.names == ["other", "out"])
  }
}
