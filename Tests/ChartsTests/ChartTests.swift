import Charts
import DRRCore
import TestSupport
import Testing

/// Where things are drawn, against where they are.
@Suite("Charts")
struct ChartTests {
  private func number(_ element: XMLScan.Element, _ name: String) throws -> Double {
    try #require(element.attributes[name].flatMap { Double($0) })
  }

  private func estimate(_ mean: Double, _ half: Double) -> Estimate {
    Estimate(mean: mean, low: mean - half, high: mean + half, count: 10)
  }

  @Test("rows of a forest stand in order, their dots and intervals on one scale") func forest()
    throws
  {
    let rows = [(0.9, 0.05), (0.5, 0.2), (0.1, 0.01)].enumerated().map { place, found in
      ForestChart.Row("row \(place)", estimate(found.0, found.1), isMarked: place == 1)
    }
    let scan = XMLScan(ForestChart("forest", rows: rows, reference: 0.5).picture.inline)
    #expect(scan.isWellFormed)
    let dots = scan.elements.filter { $0.name == "circle" }
    let places = try dots.map { (try number($0, "cx"), try number($0, "cy")) }
    #expect(places.count == 3)
    #expect(places[0].1 < places[1].1 && places[1].1 < places[2].1)
    // .9, .5 and .1 are as far apart.
    #expect(abs((places[0].0 - places[1].0) - (places[1].0 - places[2].0)) < 0.21)
    let intervals = try scan.elements.filter {
      $0.name == "line" && $0.attributes["class"]?.hasPrefix("s") == true
    }.map { (try number($0, "x1"), try number($0, "x2")) }
    let unit = (places[0].0 - places[2].0) / 0.8
    for (interval, (mean, half)) in zip(intervals, [(0.9, 0.05), (0.5, 0.2), (0.1, 0.01)]) {
      #expect(abs((interval.1 - interval.0) - 2 * half * unit) < 0.31, "\(mean)")
    }
    let reference = try #require(
      scan.elements.first { $0.attributes["stroke-dasharray"] == "4 3" })
    #expect(abs(try number(reference, "x1") - places[1].0) < 0.11)
    #expect(scan.elements.count { $0.attributes["class"] == "band" } == 1)
  }

  @Test("rows set aside leave the scale to the others, and what lies beyond is an arrow")
  func aside() throws {
    var rows = [
      ForestChart.Row("near", estimate(0.5, 0.1)), ForestChart.Row("far", estimate(0.6, 40)),
      ForestChart.Row("gone", estimate(90, 1)), ForestChart.Row("bare", estimate(0.45, 0)),
    ]
    (rows[1].isAside, rows[2].isAside) = (true, true)
    rows[3].hasInterval = false
    rows.append(ForestChart.Row("none", estimate(.nan, .nan)))
    rows[1].heading = "those & others"
    let scan = XMLScan(ForestChart("forest", rows: rows).picture.inline)
    #expect(scan.isWellFormed)
    let dots = scan.elements.filter { $0.name == "circle" }
    // One lies beyond; one has no interval.
    #expect(dots.count == 3 && dots.count { $0.attributes["fill"] == "none" } == 1)
    #expect(scan.elements.count { $0.name == "path" } == 3)
    #expect(scan.elements.count { $0.text == "–" } == 1)
    let intervals = scan.elements.filter {
      $0.name == "line" && $0.attributes["class"]?.hasPrefix("s") == true
    }
    let ends = try intervals.map { (try number($0, "x1"), try number($0, "x2")) }
    #expect(ends.count == 3)
    // The near one has all the room, to which the far one is cut.
    #expect(ends[0].1 - ends[0].0 > 200 && ends[1].0 <= ends[0].0 && ends[1].1 >= ends[0].1)
    #expect(ends[1].0 > 0 && ends[1].1 < 420)
    let texts = scan.elements.filter { $0.name == "text" }
    let heading = try #require(texts.first { $0.text == "those &amp; others" })
    let places = try ["near", "far"].map { name in
      try number(try #require(texts.first { $0.text == name }), "y")
    }
    let at = try number(heading, "y")
    #expect(places[0] < at && at < places[1])
  }

  @Test("bars of a histogram rise by powers of ten, where their ranges are") func bars() throws {
    let edges = (-4...8).map { power in
      (0..<abs(power)).reduce(1.0) { at, _ in power < 0 ? at / 10 : at * 10 }
    }
    var chart = HistogramChart(
      "bars", x: "weight", unit: "decisions", edges: edges,
      counts: [0, 1, 10, 100, 1_000, 0, 0, 0, 0, 0, 0, 1])
    chart.before = [("0", 100), ("< 1e-4", 0)]
    chart.after = [("≥ 1e8", 1)]
    chart.mark = (1e3, "clip 1,000")
    let scan = XMLScan(chart.picture.inline)
    #expect(scan.isWellFormed)
    let rects = scan.elements.filter { $0.name == "rect" }
    let bars = try rects.map {
      (
        x: try number($0, "x"), y: try number($0, "y"), width: try number($0, "width"),
        height: try number($0, "height"), hue: $0.attributes["class"]
      )
    }
    // Nothing is drawn of a range that is empty: two ends, and five ranges.
    #expect(bars.count == 7)
    let foot = bars[0].y + bars[0].height
    #expect(bars.allSatisfy { abs($0.y + $0.height - foot) < 0.11 && $0.height > 1 })
    let heights = bars.map(\.height)
    // 1, 10, 100 and 1,000 stand in even steps; as many, as high.
    let step = heights[3] - heights[2]
    #expect(step > 10)
    #expect(
      abs(heights[4] - heights[3] - step) < 0.31 && abs(heights[5] - heights[4] - step) < 0.31)
    #expect(abs(heights[0] - heights[4]) < 0.11 && abs(heights[1] - heights[2]) < 0.11)
    // Ranges are even, the ends beside them, and what is above the mark has a colour of its own.
    let pitch = bars[3].x - bars[2].x
    #expect(abs(bars[6].x - bars[2].x - 10 * pitch) < 0.31)
    #expect(bars[0].x + bars[0].width < bars[2].x && bars[6].x + bars[6].width < bars[1].x)
    #expect(bars[6].hue != bars[2].hue && bars[2].hue == bars[5].hue)
    let mark = try #require(scan.elements.first { $0.attributes["stroke-dasharray"] != nil })
    #expect(abs(try number(mark, "x1") - (bars[2].x + 6 * pitch - 0.5)) < 0.31)
  }

  @Test("tiles of shares are darker the larger the share, and say it") func heat() throws {
    let chart = HeatChart(
      "heat", rows: ["a & b", "c"], columns: ["a & b", "c", "others"],
      shares: [[0.5, 0.3, 0.2], [0.004, 0.996, 0]])
    let scan = XMLScan(chart.picture.inline)
    #expect(scan.isWellFormed)
    let tiles = scan.elements.filter { $0.name == "rect" }
    #expect(tiles.count == 6)
    let places = try tiles.map { (x: try number($0, "x"), y: try number($0, "y")) }
    let dark = try tiles.map { try number($0, "fill-opacity") }
    // A row beneath the other, columns beneath their names.
    #expect(places[0].y == places[2].y && places[0].y < places[3].y && places[0].x == places[3].x)
    #expect(places[0].x < places[1].x && places[1].x < places[2].x)
    #expect(dark[4] > dark[0] && dark[0] > dark[1] && dark[1] > dark[2] && dark[2] > dark[5])
    let texts = scan.elements.filter { $0.name == "text" }.map(\.text)
    #expect(texts.filter { $0.allSatisfy(\.isNumber) } == ["50", "30", "20", "100"])
    #expect(texts.count { $0 == "a &amp; b" } == 2)
  }

  @Test("numbers of a map lie on no other, and near what they are of") func map() throws {
    var random = SeededGenerator(4)
    func point(_ name: String, _ spread: Double) -> MapChart.Point {
      MapChart.Point(
        x: Double.random(in: -spread...spread, using: &random),
        y: Double.random(in: -spread...spread, using: &random), name: name, hue: nil)
    }
    let all = (0..<300).map { point("item \($0)", 1) }
    // All in nearly one place, two in exactly one.
    var numbered = (0..<9).map { point("listed \($0)", 0.02) }
    numbered.append(numbered[0])
    let chart = MapChart("map", points: all, rings: Array(all.prefix(5)), numbered: numbered)
    let scan = XMLScan(chart.picture.inline)
    #expect(scan.isWellFormed)
    let dots = scan.elements.filter { $0.name == "circle" && $0.attributes["r"] == "9" }
    let places = try dots.map { (x: try number($0, "cx"), y: try number($0, "cy")) }
    #expect(places.count == 10)
    for (first, place) in places.enumerated() {
      for other in places[(first + 1)...] {
        let (dx, dy) = (place.x - other.x, place.y - other.y)
        #expect((dx * dx + dy * dy).squareRoot() > 18)
      }
    }
    #expect(scan.elements.count { $0.name == "circle" && $0.attributes["fill"] == "none" } == 5)
    // Drawn once for several.
    var (first, second) = (chart, chart)
    (first.shared, second.shared) = (("all", true), ("all", false))
    let shared = XMLScan(second.picture.inline).elements
    #expect(shared.contains { $0.name == "use" && $0.attributes["href"] == "#all" })
    #expect(shared.count { $0.name == "circle" } == 15)
    let owned = XMLScan(first.picture.inline).elements
    #expect(owned.contains { $0.name == "g" && $0.attributes["id"] == "all" })
  }

  @Test("tiles show values and ways, and nothing where an episode is over") func grid() {
    let tiles = [
      GridChart.Tile("a & b", value: -1.5, way: (1, 0)), .init("goal", value: nil, way: nil),
      .init("c", value: 2, way: (0, -1)),
    ]
    let scan = XMLScan(GridChart("grid", tiles: tiles, columns: 2).picture.inline)
    #expect(scan.isWellFormed)
    #expect(scan.elements.count { $0.name == "rect" } == 3)
    #expect(scan.elements.count { $0.name == "path" } == 2)
    let texts = scan.elements.filter { $0.name == "text" }.map(\.text)
    #expect(texts == ["a &amp; b", "-1.50", "goal", "c", "2.00"])
  }

  @Test(
    "ticks are told apart by their labels",
    arguments: [
      (0.7982, 0.8001), (0, 1), (-3, 5), (0.00001, 0.00002), (1e7, 3e7), (-0.2, 0.31), (5, 5),
      (0, 0), (1e-12, 1e-11),
    ])
  func ticks(_ low: Double, _ high: Double) {
    for count in [2, 5, 10] {
      let ticks = Axis([low, high]).ticks(count)
      #expect(ticks.count >= 1)
      #expect(Set(ticks.map(\.label)).count == ticks.count, "\(ticks.map(\.label))")
    }
  }

  @Test("a text that is too wide is cut, and others are whole") func fitting() {
    #expect(Svg.fitting("short", 100) == "short")
    let cut = Svg.fitting("a name that is much too long for its place", 80)
    #expect(cut.hasSuffix("…") && Svg.width(cut) <= 80)
  }
}
