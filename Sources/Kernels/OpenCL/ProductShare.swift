/// How a result of rows by columns is shared out: in blocks of `rows` by `columns`, `across` in a
/// row of blocks. A work-group of the GPU form does a tile, an item of the CPU form a larger block.
struct ProductShare {
  var rows: Int
  var columns: Int
  var across: Int
  var count: Int

  static let none = ProductShare(rows: 1, columns: 1, across: 1, count: 0)

  private init(rows: Int, columns: Int, across: Int, count: Int) {
    self.rows = rows
    self.columns = columns
    self.across = across
    self.count = count
  }

  private init(_ m: Int, _ n: Int, rows: Int, columns: Int) {
    let across = (n + columns - 1) / columns
    self.init(
      rows: rows, columns: columns, across: across, count: across * ((m + rows - 1) / rows))
  }

  /// Of a result [m, n], sums of `depth` products each, on `units` compute units.
  init(m: Int, n: Int, depth: Int, form: FormShape, units: Int) {
    let tile = form.tile
    guard form.isCPU else {
      self.init(m, n, rows: tile.rows, columns: tile.columns)
      return
    }
    let slivers = (m + tile.rows - 1) / tile.rows
    let panels = (n + ProductTile.panelColumns - 1) / ProductTile.panelColumns
    let most = tile.columns / ProductTile.panelColumns
    // Each block is packed by the item that multiplies it, so blocks stay as large as the number of
    // items allows: one below a quarter of a million products, which one core does in 3 µs.
    let products = m * n * depth
    let wanted = products < 1 << 18 ? 1 : products < 1 << 24 ? units : 2 * units
    var across = (panels + most - 1) / most
    var down = 1
    while across * down < wanted {
      if panels >= 8 * across {
        across *= 2
      } else if slivers >= 16 * down {
        down *= 2
      } else if panels >= 2 * across {
        across *= 2
      } else if slivers >= 2 * down {
        down *= 2
      } else {
        break
      }
    }
    self.init(
      m, n, rows: (slivers + down - 1) / down * tile.rows,
      columns: (panels + across - 1) / across * ProductTile.panelColumns)
  }

  /// What a kernel of the form needs to know of it.
  func arguments(_ form: FormShape) -> [KernelArgument] {
    form.isCPU
      ? [.count(across), .count(rows), .count(columns)] : [.count(across)]
  }
}

extension OpenCLBackend {
  func share(m: Int, n: Int, depth: Int, tile: Int) -> ProductShare {
    var form = form
    form.tile = tiles[tile]
    return ProductShare(m: m, n: n, depth: depth, form: form, units: device.computeUnits)
  }
}
