import Foundation

/// A folder that is removed with the value, and with all that it holds.
public final class TemporaryFolder {
  public let path: String

  /// Files are marked with one time, so that equal runs leave equal bytes.
  private static let clock = setenv("SOURCE_DATE_EPOCH", "0", 0)

  public init() {
    _ = Self.clock
    path =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("drr-tests-\(UUID().uuidString)").resolvingSymlinksInPath().path
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  public var names: [String] { (try? names("")) ?? [] }

  public func names(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path + "/" + folder).sorted()
  }

  public func url(_ name: String) -> URL { URL(fileURLWithPath: path + "/" + name) }

  public func exists(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: path + "/" + name)
  }

  // MARK: Reading

  public func data(_ name: String) throws -> Data { try Data(contentsOf: url(name)) }

  public func text(_ name: String) throws -> String {
    String(decoding: try data(name), as: UTF8.self)
  }

  /// Every file of a folder by name.
  public func contents(_ folder: String) throws -> [String: Data] {
    try names(folder).reduce(into: [:]) { $0[$1] = try data(folder + "/" + $1) }
  }

  // MARK: Writing

  /// Writes a file, and the folder it is in; its path.
  @discardableResult
  public func write(_ name: String, _ contents: Data) throws -> String {
    try FileManager.default.createDirectory(
      at: url(name).deletingLastPathComponent(), withIntermediateDirectories: true)
    try contents.write(to: url(name))
    return path + "/" + name
  }

  @discardableResult
  public func write(_ name: String, _ contents: String) throws -> String {
    try write(name, Data(contents.utf8))
  }

  /// Writes `files` into a folder, which is made even where there are none; its path.
  public func folder(_ name: String, _ files: [String: Data]) throws -> String {
    try makeFolder(name)
    for (file, data) in files { try write(name + "/" + file, data) }
    return path + "/" + name
  }

  public func folder(_ name: String, _ files: [String: String]) throws -> String {
    try folder(name, files.mapValues { Data($0.utf8) })
  }

  /// Makes a folder, and those it is in.
  public func makeFolder(_ name: String) throws {
    try FileManager.default.createDirectory(at: url(name), withIntermediateDirectories: true)
  }

  public func copy(_ from: String, _ to: String) throws {
    try? FileManager.default.removeItem(at: url(to))
    try FileManager.default.copyItem(at: url(from), to: url(to))
  }

  public func remove(_ name: String) throws { try FileManager.default.removeItem(at: url(name)) }
}
