import DRRCore

/// Tiles of a small world, each with its value and the way that is best.
package struct GridChart {
  package struct Tile {
    package var name: String
    /// nil where the episode is over.
    package var value: Double?
    /// Columns and rows to go by; nil: no way.
    package var way: (x: Double, y: Double)?

    package init(_ name: String, value: Double?, way: (x: Double, y: Double)?) {
      (self.name, self.value, self.way) = (name, value, way)
    }
  }

  package var title: String
  package var tiles: [Tile]
  package var columns: Int
  package var width: Double

  package init(_ title: String, tiles: [Tile], columns: Int, width: Double = 420) {
    (self.title, self.tiles, self.columns, self.width) = (title, tiles, columns, width)
  }

  package var picture: Picture {
    let side = min((width - 2) / Double(columns), 110)
    let rows = (tiles.count + columns - 1) / columns
    let values = tiles.compactMap(\.value)
    let (least, most) = (values.min() ?? 0, values.max() ?? 1)
    let size = min(12, side / 4.2)
    let elements = tiles.enumerated().flatMap { place, tile -> [String] in
      let (x, y) = (1 + side * Double(place % columns), 1 + side * Double(place / columns))
      let share = tile.value.map { most > least ? ($0 - least) / (most - least) : 0.5 }
      let color = share.map { $0 < 0.5 ? 1 : 0 } ?? 8
      let strength = share.map { abs($0 - 0.5) * 0.9 } ?? 0.12
      var parts = [
        "<rect x=\"\(Svg.number(x))\" y=\"\(Svg.number(y))\" width=\"\(Svg.number(side - 2))\" "
          + "height=\"\(Svg.number(side - 2))\" rx=\"4\" class=\"\(ChartStyle.fill(color))\" "
          + "fill-opacity=\"\(decimal(strength, 2))\"><title>\(Svg.escaped(tile.name))"
          + "</title></rect>"
      ]
      // A name that has no room is read where it is pointed at.
      if Svg.width(tile.name, size: size * 0.85) <= side - 6 {
        parts.append(
          Svg.text(
            x + side / 2, y + side * 0.3, tile.name, size: size * 0.85, anchor: "middle",
            class: "soft"))
      }
      if let value = tile.value {
        parts.append(
          Svg.text(
            x + side / 2, y + side * 0.88, decimal(value, 2), size: size, anchor: "middle",
            class: "ink"))
      }
      if let way = tile.way {
        let (cx, cy, half) = (x + side / 2, y + side * 0.53, side * 0.15)
        let (ex, ey) = (cx + way.x * half, cy + way.y * half)
        let head = side * 0.07
        // Across the way.
        let (ax, ay) = (-way.y * head, way.x * head)
        let (bx, by) = (ex - way.x * head, ey - way.y * head)
        parts += [
          Svg.rule(cx - way.x * half, cy - way.y * half, bx, by, class: "s0", width: 2),
          "<path d=\"M\(Svg.number(ex)) \(Svg.number(ey)) L\(Svg.number(bx + ax)) "
            + "\(Svg.number(by + ay)) L\(Svg.number(bx - ax)) \(Svg.number(by - ay)) Z\" "
            + "class=\"f0\"/>",
        ]
      }
      return parts
    }
    return Picture(
      title, width: max(side * Double(columns) + 2, 200), height: side * Double(rows) + 2,
      elements: elements)
  }
}
