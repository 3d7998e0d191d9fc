import Foundation
import TestSupport

/// The kernels' tests as a process of their own, on one implementation of OpenCL.
struct KernelTable {
  var suites: [String]
  var environment: [String: String]
  /// Operations that were tried, each in each suite on each form of the kernels.
  struct Outcome {
    /// What the device calls itself, by what the tests call it.
    var devices: [String: String] = [:]
    var tried = 0
    /// "suite op, device", each once.
    var failed: [String] = []
    /// Why nothing can be said of the rest; nil where all ended.
    var fault: String?
    var log = ""
  }

  /// The tests beside this program, as `swift build --build-tests` leaves them.
  static let path = CampaignCommand.besideThis("drrPackageTests.xctest")

  var words: [String] {
    [Self.path, "--testing-library", "swift-testing", "--no-parallel"]
      + suites.flatMap { ["--filter", "KernelsTests.\($0)"] }
      + ["--filter", "KernelsTests.DeviceTests/devicesUnderTest"]
  }

  var shell: String {
    (environment.sorted { $0.key < $1.key }.map { "\($0)=\($1)" } + [words.shell])
      .joined(separator: " ")
  }

  func run(seconds: Double) throws -> Outcome {
    var limits = Subject.Limits()
    limits.seconds = seconds
    let ending = try Subject.run(
      words, in: packageRoot.path, environment: environment, limits: limits)
    var outcome = Outcome()
    outcome.log = ending.output + ending.error
    for line in outcome.log.split(separator: "\n") {
      if let found = line.firstMatch(of: /under test: (\S+): (.+)/) {
        outcome.devices[String(found.1)] = String(found.2)
      }
      if let found = line.firstMatch(
        of: /✘ Test (\w+)\(_:_:\) recorded an issue with \d+ arguments? device → (\S+), op → (\S+)/)
      {
        let what = "\(found.1) of \(found.3.drop { $0 == "." }) on \(found.2.filter { $0 != "," })"
        if !outcome.failed.contains(what) { outcome.failed.append(what) }
      }
    }
    let ended = outcome.log.matches(of: /[✔✘] Test \w+\(_:_:\) with (\d+) test cases/)
    outcome.tried = ended.reduce(0) { $0 + (Int($1.1) ?? 0) }
    switch ending.cause {
    case .code(let code) where code == 0 || outcome.log.contains("Test run with"):
      if outcome.devices.isEmpty { outcome.fault = "no device of it was found" }
    default: outcome.fault = "\(ending.fault ?? "ended early") \(outcome.log.suffix(300))"
    }
    return outcome
  }
}
