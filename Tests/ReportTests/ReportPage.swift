import DRRCore
import Kernels
import Report
import TestSupport
import Testing

/// The page of a report of runs.
enum ReportPage {
  static func html(
    _ folders: [RunFolder], _ change: (inout RunReport) -> Void = { _ in }
  ) throws -> String {
    var report = try RunReport(folders, on: DeviceCatalog.backend(for: .cpu))
    change(&report)
    return try report.html()
  }

  /// What its pictures hold, each behind `<svg`.
  static func pictures(_ page: String) -> [Substring] {
    page.split(separator: "<svg").dropFirst().map {
      $0.prefix(upTo: $0.firstRange(of: "</svg>")!.lowerBound)
    }
  }

  /// A page that asks for nothing, and whose pictures are XML.
  static func check(_ page: String) {
    #expect(!page.contains("<script") && !page.contains("src=") && !page.contains("url("))
    let addresses = page.matches(of: /https?:\/\/[^"<\s]*/).map { String($0.0) }
    #expect(Set(addresses).isSubset(of: ["http://www.w3.org/2000/svg"]))
    for picture in pictures(page) {
      let text = "<svg" + picture + "</svg>"
      #expect(XMLScan(text).isWellFormed, "\(text.prefix(200))")
      #expect(!text.contains("nan") && !text.contains("inf"), "\(text.prefix(200))")
    }
  }

  /// A folder with a run that has been trained.
  static func trained<Settings: RunSettings>(
    _ path: String, _ settings: Settings, by trainer: some Trainer
  ) throws -> RunFolder {
    let folder = RunFolder(path)
    let run = try Run(settings, folder: folder)
    try run.begin()
    _ = try run.train(trainer, device: "cpu")
    return folder
  }
}
