internal import CLoops
import Platform

extension DeviceInfo {
  /// The processor that runs this process.
  static let host = DeviceInfo(
    id: .cpu, kind: .cpu, name: processorName ?? "CPU", driver: OpenBLAS.driver,
    memoryBytes: UInt64(max(0, sysconf(Int32(_SC_PHYS_PAGES))))
      * UInt64(max(0, sysconf(Int32(_SC_PAGESIZE)))),
    computeUnits: Int(host_core_count()))

  /// What the bits of a result depend on beside the work: the library that computes, and on the host
  /// the vector instructions of its loops. The number of threads is no part of it.
  public var arithmetic: String {
    id == .cpu ? "\(driver), vector level \(blas_vector_level())" : "\(name), \(driver)"
  }

  /// The same of a device by its name, with the name before it; the name alone where no such device
  /// is here.
  public static func arithmetic(ofDevice name: String) -> String {
    let info =
      name == "\(host.id)" ? host : DeviceCatalog.candidates().first { $0.name == name }?.info
    return "\(name)\(info.map { " (\($0.arithmetic))" } ?? "")"
  }

  private static var processorName: String? {
    guard let file = fopen("/proc/cpuinfo", "r") else { return nil }
    defer { fclose(file) }
    var line: UnsafeMutablePointer<CChar>?
    var capacity = 0
    defer { free(line) }
    while getline(&line, &capacity, file) > 0, let line {
      let parts = String(cString: line).split(separator: ":", maxSplits: 1)
      guard parts.count == 2, parts[0].hasPrefix("model name") else { continue }
      return parts[1].split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
    return nil
  }
}
