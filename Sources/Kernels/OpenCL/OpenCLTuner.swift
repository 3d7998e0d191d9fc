/// Finds the sizes at which a device's matrix products are fastest, by measurement.
public enum OpenCLTuner {
  public struct Report: Sendable {
    public var device: DeviceInfo
    /// The profile that was written.
    public var path: String
    public var chosen: ProductTuning
    public var rows: [Row]
  }

  /// One measurement: y[m, n] = x[m, k] · w[k, n].
  public struct Row: Sendable {
    public var m: Int
    public var k: Int
    public var n: Int
    public var tile: ProductTile
    public var seconds: Double
    public var gigaflops: Double { 2e-9 * Double(m * k * n) / seconds }

    public var description: String {
      "\(m) x \(k) x \(n) in tiles of \(tile): \(Int(gigaflops.rounded())) GFLOP/s"
    }
  }

  /// The layers of small networks, of wide ones, and a large square, which a CPU device does at
  /// half the side.
  private static func shapes(isCPU: Bool) -> [(m: Int, k: Int, n: Int)] {
    let side = isCPU ? 1024 : 2048
    return [(64, 300, 128), (256, 384, 256), (side, side, side)]
  }

  private static func candidates(isCPU: Bool) -> [ProductTile] {
    if isCPU {
      return [4, 8, 12].flatMap { rows in
        [(512, 256), (256, 256), (512, 384)].map {
          ProductTile(rows: rows, columns: $0.0, depth: $0.1)
        }
      }
    }
    return [
      (128, 128, 16, 8, 8), (128, 128, 8, 8, 8), (128, 64, 16, 8, 4), (64, 64, 16, 4, 4),
      (64, 64, 32, 4, 4), (64, 64, 16, 8, 8), (64, 32, 32, 4, 2), (32, 32, 32, 2, 2),
      (32, 32, 16, 4, 4), (16, 16, 64, 1, 1), (16, 16, 32, 1, 1), (32, 16, 64, 2, 1),
    ].map {
      ProductTile(rows: $0.0, columns: $0.1, depth: $0.2, itemRows: $0.3, itemColumns: $0.4)
    }
  }

  /// Measures the candidates on a device and writes the best to the cache folder, where every
  /// backend made afterwards finds it. `progress` gets a line for each measurement. The CPU form's
  /// one tile has the least product of times; the GPU form gets the best tile of each shape.
  public static func tune(
    _ device: DeviceID, form: KernelForm = .automatic, progress: (String) -> Void = { _ in }
  ) throws(BackendError) -> Report {
    let context = try OpenCLContext.shared(for: device)
    let isCPU = form == .cpu || (form == .automatic && context.info.kind == .cpu)
    let tiles = candidates(isCPU: isCPU).filter {
      $0.isValid(isCPU: isCPU, localBytes: context.traits.localBytes)
    }
    var rows: [Row] = []
    for tile in tiles {
      let backend = try OpenCLBackend(
        device: device, form: isCPU ? .cpu : .gpu, tuning: ProductTuning([tile]))
      for (m, k, n) in shapes(isCPU: isCPU) {
        let seconds = try time(backend, m: m, k: k, n: n)
        rows.append(Row(m: m, k: k, n: n, tile: tile, seconds: seconds))
        progress(rows[rows.count - 1].description)
      }
    }
    let chosen = isCPU ? fastest(tiles, rows) : fastestByShape(rows)
    let path = try OpenCLTuning.store(chosen, context.info, isCPU: isCPU)
    return Report(device: context.info, path: path, chosen: chosen, rows: rows)
  }

  private static func fastest(_ tiles: [ProductTile], _ rows: [Row]) -> ProductTuning {
    func product(_ tile: ProductTile) -> Double {
      rows.filter { $0.tile == tile }.reduce(1) { $0 * $1.seconds }
    }
    return ProductTuning([tiles.min { product($0) < product($1) }!])
  }

  private static func fastestByShape(_ rows: [Row]) -> ProductTuning {
    var chosen: [ProductTile] = []
    for shape in shapes(isCPU: false).reversed() {
      let fitting = rows.filter { $0.m == shape.m && $0.k == shape.k && $0.n == shape.n }
      let tile = fitting.min { $0.seconds < $1.seconds }!.tile
      if chosen.allSatisfy({ $0.rows * $0.columns > tile.rows * tile.columns }) {
        chosen.append(tile)
      }
    }
    return ProductTuning(chosen)
  }

  /// The least of seven rounds of at least a millisecond.
  private static func time(
    _ backend: OpenCLBackend, m: Int, k: Int, n: Int
  ) throws(BackendError) -> Double {
    let x = Floats(backend.allocate(m * k), count: m * k)
    let w = Floats(backend.allocate(k * n), count: k * n)
    let y = Floats(backend.allocate(m * n), count: m * n)
    for view in [x, w] { backend.fill(0.5, into: view) }
    func round(_ count: Int) throws(BackendError) -> Double {
      let clock = ContinuousClock()
      let start = clock.now
      for _ in 0..<count { backend.linear(x, w, nil, .identity, m: m, k: k, n: n, into: y) }
      try backend.synchronize()
      return (clock.now - start) / .seconds(1)
    }
    _ = try round(1)
    let count = max(1, Int(1e-3 / (try round(1))))
    var least = Double.infinity
    for _ in 0..<7 { least = min(least, try round(count) / Double(count)) }
    return least
  }
}
