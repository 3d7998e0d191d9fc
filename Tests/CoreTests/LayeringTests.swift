import Foundation
import TestSupport
import Testing

/// What the compiler lets pass: a target sees all that is below it, and strings may say anything.
/// The layers above the kernels name no device, library or kernel: a device is `any Backend`.
@Suite struct LayeringTests {
  private static func files(_ folder: String, _ suffix: String) throws -> [String: String] {
    let base = packageRoot.appendingPathComponent(folder)
    let paths = try FileManager.default.subpathsOfDirectory(atPath: base.path)
      .filter { $0.hasSuffix(suffix) }
    return try Dictionary(
      uniqueKeysWithValues: paths.map {
        (
          "\(folder)/\($0)",
          try String(contentsOf: base.appendingPathComponent($0), encoding: .utf8)
        )
      })
  }

  private static func kernelNames() throws -> [String] {
    try files("kernels", ".cl").values.flatMap { source in
      source.matches(of: /(?m)^[A-Z]+ ([a-z0-9]+_[a-z0-9_]+)\(/).map { String($0.1) }
    }
  }

  @Test("no file of Tensor or DRR names a device, a library or a kernel")
  func names() throws {
    let kernels = try Self.kernelNames()
    #expect(kernels.count > 25, "\(kernels)")
    let forbidden = Set(
      kernels + ["CPUBackend", "DeviceCatalog", "COpenCL", "COpenBLAS", "CLoops"])
    var sources = 0
    for folder in ["Sources/Tensor", "Sources/DRR"] {
      for (path, text) in try Self.files(folder, ".swift") {
        sources += 1
        for word in Set(text.matches(of: /\w+/).map { String($0.0) }) {
          #expect(!forbidden.contains(word) && !word.hasPrefix("OpenCL"), "\(path) names \(word)")
        }
      }
    }
    #expect(sources > 40)
  }

  @Test("DRR knows kernels through the tensor layer alone")
  func imports() throws {
    for (path, text) in try Self.files("Sources/DRR", ".swift") {
      #expect(text.firstMatch(of: /(?m)^\s*(?:\S+ )?import Kernels\b/) == nil, "\(path)")
    }
  }

  @Test("no two random streams share a number")
  func streams() throws {
    let text = try String(
      contentsOf: packageRoot.appendingPathComponent("Sources/DRR/Core/Streams.swift"),
      encoding: .utf8)
    let numbers = text.matches(of: /static let \w+: UInt64 = (\d+)\n/).map { String($0.1) }
    #expect(numbers.count > 20 && numbers.count == text.split(separator: "static let").count - 1)
    #expect(Set(numbers).count == numbers.count, "\(numbers)")
  }
}
