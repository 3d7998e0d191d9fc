import ArgumentParser
import Kernels
import Terminal

/// Finds a device's best sizes of matrix products and keeps them for every later run.
struct Tune: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tune", abstract: "Find the sizes at which a device multiplies fastest.",
    discussion: """
      The profile lies in the cache folder, by device and driver; drr devices says which one is \
      used. Without one a device has the sizes of its kind.

      Examples:
        drr bench tune
        drr bench tune --device opencl:1
      """)

  @Option(help: ArgumentHelp("The device that is tuned.", valueName: "opencl[:P:D]"))
  var device = "opencl"

  func validate() throws {
    guard case .openCL = DeviceRequest(device) else {
      throw ValidationError("--device is \(device); it must be opencl[:P:D].")
    }
  }

  func run() throws {
    let id = try DeviceCatalog.resolve(DeviceRequest(device)!)
    let report = try OpenCLTuner.tune(id) { Console.note($0) }
    try Console.result(
      "\(report.device.name): \(report.chosen)\nwritten to \(report.path)")
  }
}
