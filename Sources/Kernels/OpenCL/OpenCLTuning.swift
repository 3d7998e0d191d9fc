import Platform

/// The sizes that a device's kernels are built for: from the profile that `OpenCLTuner` left in the
/// cache folder, else the maker's default.
///
/// A profile is a text of four lines, of which the second and third must be the device's own:
///
///     drr tuning 1
///     device NVIDIA H200
///     driver NVIDIA CUDA, OpenCL 3.0 CUDA 12.4, driver 550.54
///     products gpu 128x128x16/8x8,32x32x32/2x2
package struct OpenCLTuning {
  private static let magic = "drr tuning 1"

  package let tuning: ProductTuning
  /// What a person may want to know of where the sizes are from.
  package let note: String

  init(_ device: OpenCLDriver.Device) {
    self.init(device.info, device.traits, isCPU: device.info.kind == .cpu)
  }

  package init(
    _ info: DeviceInfo, _ traits: DeviceTraits, isCPU: Bool, folder: String? = cacheFolder
  ) {
    let standard = ProductTuning.default(isCPU: isCPU, traits: traits)
    guard let folder, let path = Self.path(info, isCPU: isCPU, folder: folder),
      access(path, F_OK) == 0
    else {
      tuning = standard
      note = "matrix products in tiles of \(standard), the default"
      return
    }
    guard let bytes = readCached(path, in: folder) else {
      tuning = standard
      note = "\(path) is ignored: it is no file that only its user can write"
      return
    }
    switch Self.parse(String(decoding: bytes, as: UTF8.self), info, isCPU: isCPU) {
    case .success(let found) where found.isValid(isCPU: isCPU, localBytes: traits.localBytes):
      tuning = found
      note = "matrix products in tiles of \(found), tuned (\(path))"
    case .success(let found):
      tuning = standard
      note = "\(path) is ignored: no kernel can be built for its \(found) on this device"
    case .failure(let reason):
      tuning = standard
      note = "\(path) is ignored: \(reason.text)"
    }
  }

  private struct Reason: Error { var text: String }

  private static func parse(
    _ text: String, _ info: DeviceInfo, isCPU: Bool
  ) -> Result<ProductTuning, Reason> {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.count == 5, lines[0] == magic, lines[4].isEmpty else {
      return .failure(Reason(text: "it is no profile of four lines that begins \"\(magic)\""))
    }
    guard lines[1] == "device \(info.name)", lines[2] == "driver \(info.driver)" else {
      return .failure(Reason(text: "it is of another device or driver"))
    }
    let products = "products \(form(isCPU)) "
    guard lines[3].hasPrefix(products),
      let tuning = ProductTuning(lines[3].dropFirst(products.count))
    else {
      return .failure(Reason(text: "\"\(lines[3])\" is not \"\(products)\" and a list of tiles"))
    }
    return .success(tuning)
  }

  private static func form(_ isCPU: Bool) -> String { isCPU ? "cpu" : "gpu" }

  private static func path(_ info: DeviceInfo, isCPU: Bool, folder: String?) -> String? {
    let hash = fnv1a(Array("\(info.name)\n\(info.driver)\n\(form(isCPU))".utf8))
    return folder.map { "\($0)/tuning-\(String(hash, radix: 16)).txt" }
  }

  /// Writes a profile and gives its path; throws where it cannot be written.
  package static func store(
    _ tuning: ProductTuning, _ info: DeviceInfo, isCPU: Bool, folder: String? = cacheFolder
  ) throws(BackendError) -> String {
    let text =
      "\(magic)\ndevice \(info.name)\ndriver \(info.driver)\nproducts \(form(isCPU)) \(tuning)\n"
    guard let folder, let path = path(info, isCPU: isCPU, folder: folder),
      replaceFile(path, in: folder, Array(text.utf8))
    else {
      throw .file("the profile of \(info.name) cannot be written to \(folder ?? "no folder")")
    }
    return path
  }
}
