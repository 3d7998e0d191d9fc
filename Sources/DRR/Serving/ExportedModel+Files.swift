import DRRCore
import Platform
import Tensor

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension ExportedModel {
  static let headerName = "model.json"
  static let weightsName = "weights.safetensors"
  static let itemsName = "items.json"
  static let usersName = "users.json"
  private static let names = [headerName, weightsName, itemsName, usersName]

  // MARK: - Reading

  /// The model of a folder.
  ///
  /// - Throws: `ServingError` where a file is missing, damaged, or says what cannot be.
  public init(folder: String) throws {
    guard access(folder + "/" + Self.headerName, F_OK) == 0 else {
      throw ServingError(
        "\(folder) holds no exported model; make one with `drr export model RUN \(folder)`")
    }
    func bytes(_ name: String) throws -> Data {
      guard let found = FileManager.default.contents(atPath: "\(folder)/\(name)") else {
        throw ServingError("cannot read \(folder)/\(name)")
      }
      return found
    }
    func decode<Value: Decodable>(_ type: Value.Type, _ name: String, _ data: Data) throws -> Value
    {
      do {
        return try JSONDecoder().decode(type, from: data)
      } catch let error as DecodingError {
        throw ServingError("\(folder)/\(name): not a part of a model: \(error.summary)")
      }
    }
    let header = try decode(
      Header.self, Self.headerName, try bytes(Self.headerName))
    guard try header.checksummed().checksum == header.checksum else {
      throw ServingError(
        "\(folder)/\(Self.headerName) does not match its checksum; the file is damaged")
    }
    func checked(_ name: String) throws -> Data {
      let found = try bytes(name)
      guard header.files[name] == Self.checksum([UInt8](found)) else {
        throw ServingError(
          "\(folder)/\(name) does not match its checksum in \(Self.headerName); the model is damaged"
        )
      }
      return found
    }
    try self.init(
      header,
      Contents(
        weights: [UInt8](checked(Self.weightsName)),
        items: decode(Contents.Items.self, Self.itemsName, checked(Self.itemsName)),
        users: decode(Contents.Users.self, Self.usersName, checked(Self.usersName))),
      name: folder)
  }

  private static func checksum(_ bytes: [UInt8]) -> String {
    var checksum = Checksum()
    checksum.update(bytes)
    return checksum.text
  }

  // MARK: - Writing

  /// Writes the model into a folder of its own, which appears whole or not at all: its files are
  /// written and synced under another name, which is then exchanged for this one.
  ///
  /// - Throws: `ServingError` where there is something else of that name.
  public func write(toFolder folder: String) throws {
    var folder = folder
    while folder.count > 1 && folder.hasSuffix("/") { folder.removeLast() }
    let parent = folder.lastIndex(of: "/").map { String(folder[..<$0]) } ?? "."
    let isThere = try Self.requireFree(folder)
    try RunFolder(parent.isEmpty ? "/" : parent).create()
    let number = String(UInt64.random(in: .min ... .max), radix: 16)
    let temporary =
      (parent.isEmpty ? "" : parent) + "/" + AtomicFile.temporaryPrefix + number
      + AtomicFile.temporarySuffix
    func fail(_ action: String) -> ServingError {
      ServingError("cannot \(action) \(folder): \(String(cString: strerror(errno)))")
    }
    guard mkdir(temporary, 0o777) == 0 else { throw fail("write") }
    do {
      let files: [(String, [UInt8])] = [
        (Self.weightsName, contents.weights),
        (Self.itemsName, Array(try RunFolder.json(contents.items).utf8) + [10]),
        (Self.usersName, Array(try RunFolder.json(contents.users).utf8) + [10]),
      ]
      var header = header
      for (name, bytes) in files {
        try AtomicFile.write(bytes, to: "\(temporary)/\(name)")
        header.files[name] = Self.checksum(bytes)
      }
      try AtomicFile.write(
        RunFolder.json(header.checksummed(), pretty: true) + "\n",
        to: "\(temporary)/\(Self.headerName)")
      let old = temporary + ".old"
      if isThere, rename(folder, old) != 0 { throw fail("replace") }
      guard rename(temporary, folder) == 0 else {
        let error = fail("write")
        if isThere { rename(old, folder) }
        throw error
      }
      if isThere { Self.remove(old) }
      let descriptor = open(parent.isEmpty ? "/" : parent, O_RDONLY | O_CLOEXEC)
      if descriptor >= 0 {
        fsync(descriptor)
        close(descriptor)
      }
    } catch {
      Self.remove(temporary)
      throw error
    }
  }

  /// Whether an older model is there, which is replaced.
  private static func requireFree(_ folder: String) throws -> Bool {
    var status = stat()
    guard lstat(folder, &status) == 0 else { return false }
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
      throw ServingError("\(folder) is there, and is no folder; name another")
    }
    if names.isEmpty { return true }
    guard names.contains(headerName), names.allSatisfy(Self.names.contains) else {
      throw ServingError(
        "\(folder) holds something else than an exported model; name another folder")
    }
    return true
  }

  private static func remove(_ folder: String) {
    for name in names { unlink("\(folder)/\(name)") }
    rmdir(folder)
  }
}

extension ExportedModel.Header {
  /// With its own checksum in place.
  fileprivate func checksummed() throws -> Self {
    var header = self
    header.checksum = ""
    var checksum = Checksum()
    checksum.update(Array(try RunFolder.json(header).utf8))
    header.checksum = checksum.text
    return header
  }
}
