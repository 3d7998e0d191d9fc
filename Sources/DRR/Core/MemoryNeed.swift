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
