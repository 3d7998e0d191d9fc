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

  // MARK: - Reading

  /// Whether a folder holds a model.
  public static func isIn(_ folder: String) -> Bool {
    access(folder + "/" + headerName, F_OK) == 0
  }

  /// The model of a folder.
  ///
  /// - Throws: `ServingError` where a file is missing, damaged, or says what cannot be.
  public init(folder: String) throws {
    guard Self.isIn(folder) else {
      throw ServingError(
        access(folder + "/config.json", F_OK) == 0
          ? "\(folder) is a run; export its model by `drr export model \(folder) \(folder)-model`, "
            + "and name that"
          : "\(folder) holds no exported model; make one with `drr export model RUN \(folder)`")
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
    guard header.isWhole else {
      throw ServingError(
        "\(folder)/\(Self.headerName) does not match its checksum; the file is damaged")
    }
    func checked(_ name: String) throws -> Data {
      let found = try bytes(name)
      guard header.files[name] == Checksum.text(of: [UInt8](found)) else {
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

  // MARK: - Writing

  /// Writes the model into a folder of its own, which appears whole or not at all.
  ///
  /// - Throws: `ServingError` where there is something else of that name.
  public func write(toFolder folder: String) throws {
    try RunFolder(folder.parentFolder).create()
    let staged: StagedFolder
    do throws(CheckpointError) {
      staged = try StagedFolder(
        replacing: folder, marks: [Self.headerName],
        others: [Self.weightsName, Self.itemsName, Self.usersName])
    } catch {
      throw ServingError("\(error)")
    }
    let files: [(String, [UInt8])] = [
      (Self.weightsName, contents.weights),
      (Self.itemsName, Array(try RunFolder.json(contents.items).utf8) + [10]),
      (Self.usersName, Array(try RunFolder.json(contents.users).utf8) + [10]),
    ]
    var header = header
    for (name, bytes) in files { header.files[name] = Checksum.text(of: bytes) }
    let text = try RunFolder.json(header.checksummed(), pretty: true) + "\n"
    do throws(CheckpointError) {
      for (name, bytes) in files + [(Self.headerName, Array(text.utf8))] {
        try AtomicFile.write(bytes, to: staged.file(name))
      }
      try staged.commit()
    } catch {
      throw staged.shown(error)
    }
  }
}

extension ExportedModel.Header: SelfChecked {}
