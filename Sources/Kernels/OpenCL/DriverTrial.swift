internal import COpenBLAS
internal import COpenCL
import Platform

/// Whether the drivers can be used: found by a child process that loads them, builds a kernel on each
/// device and runs it. One that crashes, ends the process or does not come back takes only the child
/// down.
///
/// That all hold is remembered in the cache folder until something changes that they may depend on.
/// A fault is not remembered: it may be mended at any time.
struct DriverTrial {
  /// Why a device cannot be used.
  var faults: [DeviceID: String] = [:]
  /// Why none can.
  var fault: String?

  /// More than a driver needs to build a line; nobody is kept waiting much longer.
  private static let seconds = 10.0
  private static let remembered = Array("drr drivers 1: every device held\n".utf8)

  /// The answer in the cache folder, or a new one.
  static func answer(folder: String? = cacheFolder) -> DriverTrial {
    guard let folder else { return made() }
    let path = "\(folder)/drivers-\(String(fnv1a(circumstances()), radix: 16)).txt"
    if readCached(path, in: folder) == remembered { return DriverTrial() }
    let trial = made()
    if trial.fault == nil, trial.faults.isEmpty { _ = replaceFile(path, in: folder, remembered) }
    return trial
  }

  /// Tries all devices, and after a fault all but those that had one.
  private static func made() -> DriverTrial {
    var found = DriverTrial()
    var without: [copencl_place] = []
    while found.fault == nil, without.count < 16 {
      var trial = copencl_trial()
      // Where there is no room for a process, there is none to save the driver's work for either.
      guard copencl_try(without, without.count, seconds, &trial),
        trial.end != copencl_trial_held
      else { break }
      guard trial.device >= 0, !trial.is_between else {
        found.fault = sentence(trial, doing: "it was loaded")
        break
      }
      let id = DeviceID.openCL(platform: Int(trial.platform), index: Int(trial.device))
      found.faults[id] = sentence(trial, doing: "it built or ran a kernel")
      without.append(copencl_place(platform: trial.platform, device: trial.device))
    }
    return found
  }

  private static func sentence(_ trial: copencl_trial, doing: String) -> String {
    let what =
      switch trial.end {
      case copencl_trial_failed:
        "its driver fails: \(arrayText(trial.call)) returned \(trial.code) "
          + "(\(openCLErrorName(trial.code)))"
      case copencl_trial_signal:
        "its driver crashes: signal \(trial.code) ended the process that tried it while \(doing)"
      case copencl_trial_exit:
        "its driver ends the process (exit \(trial.code)) while \(doing)"
      default: "its driver hangs: no answer in \(Int(seconds)) s while \(doing)"
      }
    let words = arrayText(trial.words).split(separator: "\n").map { $0.prefix(200) }
    // The first line is the cause, as compilers have it.
    return what + (words.isEmpty ? "" : "; it said: \(words[0])")
  }

  /// What drivers may depend on, as far as it can be seen without loading them.
  private static func circumstances() -> [UInt8] {
    var facts = ["\(geteuid())"]
    let names = [
      "PATH", "HOME", "TMPDIR", "LD_", "XDG_", "OCL_", "POCL_", "DRR_OPENCL_DRIVER", "CUDA_",
      "NVIDIA_", "ROC", "HSA_", "HIP_", "GPU_", "RUSTICL_", "MESA_", "LIBGL_", "GALLIUM_", "ZE_",
      "ONEAPI_", "OCLGRIND_",
    ]
    var at = environ
    while let variable = at.pointee {
      let text = String(cString: variable)
      if names.contains(where: text.hasPrefix) { facts.append(text) }
      at += 1
    }
    facts.append("\(host_address_space())")
    var system = utsname()
    if uname(&system) == 0 { facts.append(arrayText(system.release)) }
    for path in [
      "/etc/ld.so.cache", environment("DRR_OPENCL_DRIVER"), environment("OCL_ICD_VENDORS"),
      environment("OCL_ICD_FILENAMES"),
    ].compactMap(\.self) { facts.append(identity(path)) }
    let folder = "/etc/OpenCL/vendors"
    for name in namesInFolder(folder) ?? [] {
      let path = folder + "/" + name
      facts.append(identity(path))
      // The library that it names.
      let line = readFile(path).map { String(decoding: $0.prefix { $0 >= 32 }, as: UTF8.self) }
      if let line { facts += [line, identity(line)] }
    }
    return Array(facts.sorted().joined(separator: "\n").utf8)
  }

  /// A file by name, size and time; by its name alone where it is not there.
  private static func identity(_ path: String) -> String {
    var status = stat()
    guard stat(path, &status) == 0 else { return path }
    return "\(path) \(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
  }
}
