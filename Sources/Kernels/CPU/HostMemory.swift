internal import COpenBLAS
import Platform

/// The memory of the machine that this process runs on.
public enum HostMemory {
  /// Bytes that this process can still take: what the machine, its control groups and the limit of
  /// its address space leave, whichever is least. `UInt64.max` where nothing is known of them.
  public static var freeBytes: UInt64 { min(sharedFreeBytes, ofAddressSpace) }

  /// Bytes that this process and those that it starts can still take together: the limit of an
  /// address space holds for each of them alone. `UInt64.max` where nothing is known of them.
  public static var sharedFreeBytes: UInt64 { min(ofMachine, ofControlGroups) }

  private static var ofMachine: UInt64 {
    let fields = fields(of: "/proc/meminfo")
    guard let available = fields["MemAvailable:"] else { return .max }
    return (available + (fields["SwapFree:"] ?? 0)) * 1_024
  }

  private static var ofControlGroups: UInt64 {
    var least = UInt64.max
    for line in lines(of: "/proc/self/cgroup") {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3, parts[1].isEmpty || parts[1].split(separator: ",").contains("memory")
      else { continue }
      let isUnified = parts[1].isEmpty
      let root = isUnified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory"
      // The limits of those above hold too; in a container its own group is the root.
      var group = parts[2] == "/" ? "" : String(parts[2])
      while true {
        least = min(least, left(root + group, isUnified))
        guard !group.isEmpty else { break }
        group = group.parentFolder == "/" ? "" : group.parentFolder
      }
    }
    return least
  }

  /// What a group's limit leaves it; the pages of files that it does not need count as free.
  private static func left(_ folder: String, _ isUnified: Bool) -> UInt64 {
    func number(_ name: String) -> UInt64? {
      lines(of: "\(folder)/\(name)").first.flatMap { UInt64($0) }
    }
    let (limit, usage) =
      isUnified
      ? ("memory.max", "memory.current")
      : ("memory.limit_in_bytes", "memory.usage_in_bytes")
    guard let limit = number(limit), let usage = number(usage) else { return .max }
    let spare = fields(of: "\(folder)/memory.stat")["inactive_file"] ?? 0
    return limit - min(limit, usage - min(usage, spare))
  }

  private static var ofAddressSpace: UInt64 {
    let limit = host_address_space()
    let pages = lines(of: "/proc/self/statm").first?.split(separator: " ").first
    guard limit < .max, let pages = pages.flatMap({ UInt64($0) }) else { return limit }
    return limit - min(limit, pages * UInt64(max(sysconf(Int32(_SC_PAGESIZE)), 0)))
  }

  /// The numbers of lines that begin with a name and one.
  private static func fields(of path: String) -> [Substring: UInt64] {
    var fields: [Substring: UInt64] = [:]
    for line in lines(of: path) {
      let parts = line.split(separator: " ")
      if parts.count > 1, let value = UInt64(parts[1]) { fields[parts[0]] = value }
    }
    return fields
  }

  /// None where the file cannot be read.
  private static func lines(of path: String) -> [String] {
    guard let file = fopen(path, "r") else { return [] }
    defer { fclose(file) }
    var (lines, line, capacity) = ([String](), UnsafeMutablePointer<CChar>?.none, 0)
    defer { free(line) }
    while getline(&line, &capacity, file) > 0, let line {
      lines.append(String(String(cString: line).prefix { $0 != "\n" }))
    }
    return lines
  }
}
