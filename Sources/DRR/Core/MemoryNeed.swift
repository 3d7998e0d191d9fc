import Tensor

/// What a training takes of memory at least, added up before any of it is taken.
public struct MemoryNeed: Sendable {
  private struct Item: Sendable {
    var name: String
    /// The option that makes it less, and what it is.
    var option: String
    /// Bytes on the host whatever device computes, and where is computed.
    var host: Double
    var device: Double
  }
  private var items: [Item] = []

  /// Nothing yet.
  public init() {}

  /// Bytes on the host, whatever device computes.
  package var hostBytes: Double { items.reduce(0) { $0 + $1.host } }

  /// - Parameters:
  ///   - name: with its article, "the networks".
  ///   - host: numbers of four bytes on the host, whatever device computes.
  ///   - device: numbers of four bytes where is computed.
  package mutating func add(
    _ name: String, host: Double = 0, device: Double = 0, lower option: String, _ value: Int
  ) {
    items.append(
      Item(name: name, option: "\(option) (\(value))", host: 4 * host, device: 4 * device))
  }

  /// Networks under Adam: weights, gradients and two moments where is computed, what they began
  /// with on the host, and a checkpoint of all but the gradients.
  ///
  /// - Parameters:
  ///   - weights: those of all of them together.
  ///   - haveTargets: whether each has a copy that follows it.
  package mutating func addNetworks(
    _ name: String = "the networks", weights: Double, haveTargets: Bool,
    lower option: String = "--hidden", _ value: Int
  ) {
    let sets: Double = haveTargets ? 2 : 1
    add(
      name, host: weights * (2 * sets + 2), device: weights * (2 * sets + 2), lower: option, value)
  }

  /// A replay memory of transitions that are `width` numbers each, as far as so many steps fill it,
  /// and a tree of priorities over all of it.
  package mutating func addReplay(capacity: Int, steps: Int, width: Int) {
    let held = Double(min(capacity, steps))
    add(
      "the replay memory", host: held * Double(width),
      device: held * Double(width) + 2 * Double(capacity), lower: "--buffer-size", capacity)
  }

  /// - Parameter device: where is computed; nil: not known yet.
  /// - Throws: `ConfigurationError` where memory is short: what takes most of it, and what to lower.
  public func require(on device: DeviceInfo?) throws(ConfigurationError) {
    // A driver for the processor has the host's memory.
    let isShared = device?.kind == .cpu
    try require("on this machine", HostMemory.freeBytes) {
      $0.host + (isShared ? $0.device : 0)
    }
    if let device, !isShared {
      try require("on \(device.name)", device.memoryBytes) { $0.device }
    }
  }

  /// How many trainings of this need, each a process of its own, find memory side by side.
  ///
  /// - Parameters:
  ///   - most: as many as are wanted.
  ///   - sharers: processes of the machine that each start as many.
  ///   - hostFree: bytes that all of them can take on the host.
  /// - Returns: how many, 1 at least, of which ``require(on:)`` tells; and why, where fewer than are
  ///   wanted.
  package func fitting(
    _ most: Int, on device: DeviceInfo, sharers: Int = 1,
    hostFree: UInt64 = HostMemory.sharedFreeBytes
  ) -> (count: Int, reason: String?) {
    // A driver for the processor has the host's memory.
    let isShared = device.kind == .cpu
    var places = [
      ("on this machine", hostFree, items.reduce(0) { $0 + $1.host + (isShared ? $1.device : 0) })
    ]
    if !isShared {
      places.append(
        ("on \(device.name)", device.memoryBytes, items.reduce(0) { $0 + $1.device }))
    }
    var (count, reason) = (most, String?.none)
    for (place, free, wanted) in places {
      let share = Double(free) / Double(max(sharers, 1))
      guard Double(count) * wanted > share, count > 1 else { continue }
      count = max(Int(share / wanted), 1)
      reason =
        "\(count) \(count == 1 ? "run" : "runs") at a time, not \(most): each takes at least "
        + "\(byteText(wanted)) of memory, and \(byteText(share)) are free \(place)"
    }
    return (count, reason)
  }

  private func require(
    _ place: String, _ free: UInt64, _ bytes: (Item) -> Double
  ) throws(ConfigurationError) {
    let wanted = items.reduce(0) { $0 + bytes($1) }
    guard wanted > Double(free), let largest = items.max(by: { bytes($0) < bytes($1) }) else {
      return
    }
    throw ConfigurationError(
      "training takes at least \(byteText(wanted)) of memory, \(byteText(bytes(largest))) of it for "
        + "\(largest.name), and \(byteText(Double(free))) are free \(place); lower "
        + largest.option)
  }
}
