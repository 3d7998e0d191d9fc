import Foundation

/// Inputs and results of PyTorch in float64, written by Tests/Golden/generate.py.
public enum Golden {
  public static let folder = packageRoot.appendingPathComponent("Tests/Golden").path

  /// The arrays of a case by name.
  public static func load(_ name: String) throws -> GoldenCase {
    let folder = folder + "/" + name
    var arrays: [String: NPYArray] = [:]
    for file in try FileManager.default.contentsOfDirectory(atPath: folder)
    where file.hasSuffix(".npy") {
      arrays[String(file.dropLast(4))] = try NPYArray(contentsOf: folder + "/" + file)
    }
    return GoldenCase(name: name, arrays: arrays)
  }
}

public struct GoldenCase: Sendable {
  public let name: String
  public let arrays: [String: NPYArray]

  /// The array of that name, or an error that names the case.
  public func array(_ name: String) throws -> NPYArray {
    guard let array = arrays[name] else {
      throw NPYArray.Failure(
        description: "golden case \(self.name) has no array \(name), only "
          + arrays.keys.sorted().joined(separator: ", "))
    }
    return array
  }

  /// The values in float64.
  public func callAsFunction(_ name: String) throws -> [Double] { try array(name).values }
  public func floats(_ name: String) throws -> [Float] { try array(name).floats }
  public func int32s(_ name: String) throws -> [Int32] { try array(name).int32s }
  public func shape(_ name: String) throws -> [Int] { try array(name).shape }
}
