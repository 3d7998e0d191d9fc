/// The sizes that a kernel of matrix products is built for.
public struct ProductTile: Hashable, Sendable, CustomStringConvertible {
  /// Rows of the result that a work-group (GPU form) computes, or that an item (CPU form) keeps
  /// in registers at once.
  public var rows: Int
  /// Columns of the result that a work-group computes, or that an item packs at once.
  public var columns: Int
  /// Elements of the inner dimension between two loads of a tile.
  public var depth: Int
  /// Results that an item of the GPU form computes: rows and columns. The CPU form has no use for
  /// them.
  public var itemRows: Int
  public var itemColumns: Int

  public init(rows: Int, columns: Int, depth: Int, itemRows: Int = 1, itemColumns: Int = 1) {
    self.rows = rows
    self.columns = columns
    self.depth = depth
    self.itemRows = itemRows
    self.itemColumns = itemColumns
  }

  public var description: String {
    "\(rows)x\(columns)x\(depth)"
      + (itemRows * itemColumns > 1 ? "/\(itemRows)x\(itemColumns)" : "")
  }

  /// `64x64x16/4x4`, as `description` has it. Nil where it is none.
  init?(_ text: some StringProtocol) {
    let halves = text.split(separator: "/", omittingEmptySubsequences: false)
    guard halves.count <= 2 else { return nil }
    func sizes(_ half: some StringProtocol) -> [Int] {
      half.split(separator: "x", omittingEmptySubsequences: false).compactMap { Int($0) }
    }
    let (tile, item) = (sizes(halves[0]), halves.count == 2 ? sizes(halves[1]) : [1, 1])
    guard tile.count == 3, item.count == 2 else { return nil }
    self.init(
      rows: tile[0], columns: tile[1], depth: tile[2], itemRows: item[0], itemColumns: item[1])
  }

  /// What the GPU form scores catalogues in: 25 KB of local memory with the scores, of the 32 KB
  /// that every device has. Not measured on a GPU.
  package static let scoring = ProductTile(
    rows: 64, columns: 64, depth: 16, itemRows: 4, itemColumns: 4)

  /// Columns of the CPU form that two vectors hold.
  static let panelColumns = 32

  /// Whether a kernel can be built for it: what the loops divide must divide, and what fast memory
  /// must hold has to fit in `localBytes`.
  func isValid(isCPU: Bool, localBytes: Int) -> Bool {
    guard rows > 0, columns > 0, depth > 0, itemRows > 0, itemColumns > 0, rows <= 1024,
      columns <= 4096, depth <= 4096
    else { return false }
    if isCPU {
      return rows % 4 == 0 && rows <= 16 && columns % Self.panelColumns == 0 && depth % 16 == 0
        && itemRows * itemColumns == 1 && packedBytes <= localBytes
    }
    let sides = [1, 2, 4, 8]
    guard sides.contains(itemRows), sides.contains(itemColumns), rows % itemRows == 0,
      columns % itemColumns == 0
    else { return false }
    let items = items(isCPU: false)
    return items <= 256 && rows * depth % items == 0 && columns * depth % items == 0
      && (rows + columns + 8) * depth * 4 <= localBytes
  }

  /// What an item of the CPU form packs into.
  private var packedBytes: Int {
    4 * (columns * depth + rows * depth + rows * Self.panelColumns)
  }

  /// Items of a work-group.
  func items(isCPU: Bool) -> Int {
    isCPU ? 1 : rows / itemRows * (columns / itemColumns)
  }

  func options(isCPU: Bool) -> String {
    isCPU
      ? " -DPRODUCT_ROWS=\(rows) -DPRODUCT_DEPTH=\(depth)"
        + " -DPRODUCT_PANELS=\(columns / Self.panelColumns)"
      : " -DPRODUCT_TILE_ROWS=\(rows) -DPRODUCT_TILE_COLUMNS=\(columns) -DPRODUCT_DEPTH=\(depth)"
        + " -DPRODUCT_ROWS=\(itemRows) -DPRODUCT_COLUMNS=\(itemColumns)"
  }
}

/// The tiles that a device's matrix products choose from, by how much of the device they fill.
public struct ProductTuning: Hashable, Sendable, CustomStringConvertible {
  /// From the largest to the smallest, one at least.
  public var tiles: [ProductTile]

  public init(_ tiles: [ProductTile]) { self.tiles = tiles }

  public var description: String { tiles.map(\.description).joined(separator: ",") }

  init?(_ text: some StringProtocol) {
    var tiles: [ProductTile] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let tile = ProductTile(part) else { return nil }
      tiles.append(tile)
    }
    self.init(tiles)
  }

  func isValid(isCPU: Bool, localBytes: Int) -> Bool {
    !tiles.isEmpty && tiles.count <= 4 && (!isCPU || tiles.count == 1)
      && tiles.allSatisfy { $0.isValid(isCPU: isCPU, localBytes: localBytes) }
  }

  /// The largest tile that gives every compute unit work and computes at most a quarter more
  /// outside the result than the tile that computes least there; the smallest where none does.
  package func choice(rows: Int, columns: Int, units: Int) -> Int {
    let shares = tiles.map { tile in
      let down = (rows + tile.rows - 1) / tile.rows
      let across = (columns + tile.columns - 1) / tile.columns
      return (groups: down * across, covered: down * across * tile.rows * tile.columns)
    }
    let least = shares.map(\.covered).min()!
    return shares.firstIndex { $0.groups >= units && 4 * $0.covered <= 5 * least }
      ?? tiles.count - 1
  }

  /// What a device gets that has not been tuned. The second column is one core's share of
  /// OpenBLAS 0.3.21 (SkylakeX), x · w, at 64x300x128, 256x384x256 and 1024³ on a busy Xeon of
  /// the Emerald Rapids kind.
  ///
  /// | device | tiles | seen |
  /// |---|---|---|
  /// | PoCL 3.1, AVX-512 | 8x512x256 | 0.97, 0.98, 0.91; with 12 rows 0.87, 0.96, 0.90 |
  /// | PoCL, vectors of 8 | 4x512x256 | not measured: 4 rows of 32 fill 16 registers |
  /// | NVIDIA | 128x128x16/8x8 and smaller | not measured: 64 sums an item, 17 KB a group |
  /// | any other GPU | 64x64x16/4x4 and smaller | not measured: 16 sums an item, 9 KB a group |
  ///
  /// On AMD's gfx906 the largest tile takes so many registers that one work-group is on a unit.
  package static func `default`(isCPU: Bool, traits: DeviceTraits) -> ProductTuning {
    if isCPU {
      let rows = traits.vectorWidth >= 16 ? 8 : 4
      return [(512, 256), (128, 256), (64, 128), (32, 64), (32, 16)].map {
        ProductTuning([ProductTile(rows: rows, columns: $0, depth: $1)])
      }.first { $0.isValid(isCPU: true, localBytes: traits.localBytes) }
        ?? ProductTuning([ProductTile(rows: 4, columns: 32, depth: 16)])
    }
    let isWide = traits.vendor.lowercased().contains("nvidia")
    let large = ProductTile(rows: 128, columns: 128, depth: 16, itemRows: 8, itemColumns: 8)
    let rest = [
      ProductTile(rows: 64, columns: 64, depth: 16, itemRows: 4, itemColumns: 4),
      ProductTile(rows: 32, columns: 32, depth: 32, itemRows: 2, itemColumns: 2),
      ProductTile(rows: 16, columns: 16, depth: 64),
    ]
    return ProductTuning((isWide ? [large] : []) + rest)
  }
}

/// What a device says of itself that sizes depend on.
package struct DeviceTraits: Sendable {
  var vendor: String
  var localBytes: Int
  /// Floats that its registers hold side by side.
  var vectorWidth: Int
  /// The most that one buffer may have.
  var bufferBytes: Int

  package init(vendor: String, localBytes: Int, vectorWidth: Int, bufferBytes: Int = .max) {
    self.vendor = vendor
    self.localBytes = localBytes
    self.vectorWidth = vectorWidth
    self.bufferBytes = bufferBytes
  }
}
