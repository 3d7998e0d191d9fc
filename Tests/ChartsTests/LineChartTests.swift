import Charts
import TestSupport
import Testing

@Suite("Charts of lines")
struct LineChartTests {
  private func chart(
    _ name: String = "a < b & \"c\"", log: Bool = false,
    _ points: [(x: Double, y: Double)] = [(1, 2), (10, 40), (100, 900)]
  ) -> LineChart {
    LineChart(
      name, x: "rounds", y: "regret", isLogX: log, isLogY: log,
      lines: [
        LineChart.Line(name, points, band: points.map { ($0.y * 0.9, $0.y * 1.1) }),
        LineChart.Line("bound", points.map { ($0.x, 2 * $0.y) }, isDashed: true, hue: 0),
      ])
  }

  @Test("it is XML, whatever the names say", arguments: [false, true])
  func wellFormed(log: Bool) {
    for name in ["a < b & \"c\" 'd' >", "]]>", "\u{0}\u{8}\u{1F}", "", "Lai–Robbins ✓", "\n\t"] {
      let svg = chart(name, log: log).picture.file
      let scan = XMLScan(svg)
      #expect(scan.isWellFormed, "\(svg)")
      let paths = scan.elements.filter { $0.name == "path" }
      // A band and two lines, of which one is dashed.
      #expect(paths.count == 3)
      #expect(paths.count { $0.attributes["stroke-dasharray"] != nil } == 1)
      #expect(Set(paths.map { $0.attributes["class"] }).count == 2)
    }
  }

  @Test("values that have no place on an axis leave no trace, and no chart is refused")
  func odd() {
    let cases: [[(x: Double, y: Double)]] = [
      [], [(1, 1)], [(1, 0), (2, 0)], [(0, 1), (1, -5)], [(1, .nan), (2, .infinity), (3, 4)],
      [(1, 1e300), (2, 1e-300)], [(-4, -1), (-2, -1)],
    ]
    for points in cases {
      for log in [false, true] {
        let svg = chart(log: log, points).picture.file
        #expect(XMLScan(svg).isWellFormed, "\(svg)")
        #expect(!svg.contains("nan") && !svg.contains("inf"), "\(svg)")
      }
    }
  }

  @Test("a line goes where its values are")
  func places() throws {
    func coordinates(_ chart: LineChart) throws -> [(Double, Double)] {
      let path = try #require(
        XMLScan(chart.picture.file).elements.first {
          $0.name == "path" && $0.attributes["fill"] == "none"
        })
      let numbers = try #require(path.attributes["d"]).split { "ML ".contains($0) }
        .compactMap { Double($0) }
      return stride(from: 0, to: numbers.count, by: 2).map { (numbers[$0], numbers[$0 + 1]) }
    }
    let linear = try coordinates(
      LineChart("", x: "", y: "", lines: [.init("", [(0, 0), (50, 50), (100, 100)])]))
    #expect(abs(linear[1].0 - (linear[0].0 + linear[2].0) / 2) < 0.11)
    #expect(abs(linear[1].1 - (linear[0].1 + linear[2].1) / 2) < 0.11)
    #expect(linear[0].1 > linear[2].1 && linear[0].0 < linear[2].0)
    let log = try coordinates(
      LineChart(
        "", x: "", y: "", isLogX: true, isLogY: true,
        lines: [.init("", [(1, 1), (10, 10), (100, 100)])]))
    #expect(abs(log[1].0 - (log[0].0 + log[2].0) / 2) < 0.11)
    #expect(abs(log[1].1 - (log[0].1 + log[2].1) / 2) < 0.11)
  }
}
