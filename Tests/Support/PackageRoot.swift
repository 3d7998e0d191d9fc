import Foundation

/// The folder of Package.swift: `DRR_PACKAGE`, as a bundle of the tests sets it, otherwise where they
/// were built.
public let packageRoot: URL =
  ProcessInfo.processInfo.environment["DRR_PACKAGE"].map { URL(fileURLWithPath: $0) }
  ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent()
