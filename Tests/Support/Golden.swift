import Foundation
import Tensor

/// Inputs and results of PyTorch in float64, written by Tests/Golden/generate.py.
public enum Golden {
  public static let folder = packageRoot.appendingPathComponent("Tests/Golden").path

  /// The arrays of a case, whichever file holds it.
  public static func load(_ name: String) throws -> GoldenCase {
    let files = try files.get()
    guard let file = files.first(where: { $0.entries.contains { $0.name.hasPrefix(name + "/") } })
    else { throw CheckpointError.noTensor(path: folder, tensor: name + "/") }
    return GoldenCase(name: name, file: file)
  }

  public static let files = Result {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
      .filter { $0.hasSuffix(".safetensors") }
      .map { try SafetensorsFile(contentsOf: folder + "/" + $0) }
  }
}

public struct GoldenCase: Sendable {
  public let name: String
  fileprivate let file: SafetensorsFile

  public func contains(_ array: String) -> Bool { file.entry(name + "/" + array) != nil }

  /// The values in float64.
  public func callAsFunction(_ array: String) throws -> [Double] {
    try file.values(name + "/" + array)
  }

  public func floats(_ array: String) throws -> [Float] { try self(array).map { Float($0) } }
  public func int32s(_ array: String) throws -> [Int32] { try file.int32s(name + "/" + array) }

  public func shape(_ array: String) throws -> [Int] {
    guard let entry = file.entry(name + "/" + array) else {
      throw CheckpointError.noTensor(path: file.path, tensor: name + "/" + array)
    }
    return entry.shape
  }
}
