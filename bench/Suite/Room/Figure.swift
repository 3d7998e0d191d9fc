/// One thing that was measured.
package struct Figure: Codable, Equatable, Sendable {
  /// The subcommand that it belongs to.
  package var group: String
  package var name: String
  /// Seconds a call by the clock, and of all threads.
  package var seconds: Spread?
  package var cpuSeconds: Spread?
  /// Whether a rate or a ratio goes by the CPU's seconds: so on one thread of the processor, where
  /// other programs then count for nothing.
  package var goesByCPU = false
  /// Floating-point operations a call, and bytes that it must read and write at least.
  package var flops: Double?
  package var bytes: Double?
  /// "cache" or "memory": where the inputs lie between two calls.
  package var residence: String?
  /// Of what the ceilings let a work of these flops and bytes reach.
  package var share: Double?
  /// What repeats exactly: launches, waits, fresh buffers.
  package var counts: [String: Int]?
  /// Other figures with their units, such as "items/s".
  package var values: [String: Double]?
  package var peers: [PeerFigure]?
  package var note: String?

  package init(_ group: String, _ name: String) { (self.group, self.name) = (group, name) }

  init(
    _ group: String, _ name: String, _ samples: Samples, flops: Double? = nil,
    bytes: Double? = nil, in room: Room
  ) {
    self.init(group, name)
    seconds = Spread(samples.wall)
    cpuSeconds = Spread(samples.cpu)
    goesByCPU = room.goesByCPU
    (self.flops, self.bytes) = (flops, bytes)
  }

  /// Seconds a call by the clock that counts.
  package var time: Spread? { goesByCPU ? cpuSeconds : seconds }
  package var gigaflops: Double? { rate(flops) }
  package var gigabytes: Double? { rate(bytes) }

  private func rate(_ amount: Double?) -> Double? {
    guard let amount, amount > 0, let median = time?.median, median > 0 else { return nil }
    return amount / median / 1e9
  }

  /// Adds what another program takes for the same.
  mutating func add(peer name: String, _ samples: Samples) {
    guard let seconds = Spread(samples.wall) else { return }
    let cpu = Spread(samples.cpu)
    let byCPU = goesByCPU && cpu != nil
    var peer = PeerFigure(name: name, seconds: seconds, cpuSeconds: cpu)
    let theirs = byCPU ? cpu! : seconds
    if let ours = byCPU ? cpuSeconds : self.seconds {
      peer.ratio = theirs.median / ours.median
      peer.ratioOfLeast = theirs.least / ours.least
    }
    peers = (peers ?? []) + [peer]
  }
}

/// What another program takes for a figure's work.
package struct PeerFigure: Codable, Equatable, Sendable {
  package var name: String
  package var seconds: Spread
  package var cpuSeconds: Spread?
  /// Its time over ours: above 1 we are faster. Of the medians, and of the least times.
  package var ratio: Double?
  package var ratioOfLeast: Double?

  func time(byCPU: Bool) -> Spread { byCPU ? cpuSeconds ?? seconds : seconds }

  package init(name: String, seconds: Spread, cpuSeconds: Spread?) {
    (self.name, self.seconds, self.cpuSeconds) = (name, seconds, cpuSeconds)
  }
}

/// What figures depend on.
package struct Stamp: Codable, Equatable, Sendable {
  package var drr: String
  package var device: String
  package var kind: String
  package var name: String
  package var driver: String
  package var processor: String
  /// Version and core, or why there is none.
  package var openBLAS: String
  /// OPENBLAS_CORETYPE as it is set.
  package var coreType: String?
  package var threads: Int
  package var cores: Int
  package var lastLevelCacheBytes: Int

  package init(
    drr: String, device: String, kind: String, name: String, driver: String, processor: String,
    openBLAS: String, coreType: String?, threads: Int, cores: Int, lastLevelCacheBytes: Int
  ) {
    (self.drr, self.device, self.kind, self.name) = (drr, device, kind, name)
    (self.driver, self.processor, self.openBLAS) = (driver, processor, openBLAS)
    (self.coreType, self.threads, self.cores) = (coreType, threads, cores)
    self.lastLevelCacheBytes = lastLevelCacheBytes
  }
}

/// The figures of one command.
package struct Report: Codable, Equatable, Sendable {
  package var stamp: Stamp
  package var figures: [Figure]
  /// What was left out, a sentence each.
  package var skipped: [String]
  /// The same command without the OPENBLAS_CORETYPE that was preset, or on other threads.
  package var others: [Report]?

  package init(stamp: Stamp, figures: [Figure], skipped: [String]) {
    (self.stamp, self.figures, self.skipped) = (stamp, figures, skipped)
  }

  package var all: [Report] { [self] + (others ?? []).flatMap(\.all) }
}
