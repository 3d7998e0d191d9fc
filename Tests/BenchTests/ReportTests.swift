import Benchmarks
import DRR
import Foundation
import TestSupport
import Testing

@Suite("Results as JSON and as a picture")
struct ReportTests {
  @Test("a report read again is the same, with the documented keys")
  func json() throws {
    var report = ComparisonTests.report(["a": [1e-3, 2e-3]])
    report.figures[0].flops = 2e6
    report.figures[0].bytes = 1e6
    report.figures[0].peers = [
      PeerFigure(name: "peer", seconds: try #require(Spread([1e-3])), cpuSeconds: nil)
    ]
    report.others = [ComparisonTests.report(["a": [1]], threads: 2)]
    let text = try RunFolder.json(report, pretty: true)
    #expect(try Report(json: text) == report)
    #expect(report.all.count == 2)
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    #expect(Set(object.keys) == ["stamp", "figures", "skipped", "others"])
    let figure = try #require((object["figures"] as? [[String: Any]])?.first)
    #expect(
      Set(figure.keys) == [
        "group", "name", "seconds", "goesByCPU", "flops", "bytes", "counts", "peers",
      ])
    #expect(throws: RunError.self) { try Report(json: "{}") }
  }

  @Test("tables of real figures fit 120 columns, a peer's ratio first", arguments: ["cpu", "pocl"])
  func width(_ name: String) throws {
    let page = packageRoot.appendingPathComponent("bench/results/\(name).json")
    for report in try Report(json: String(contentsOf: page, encoding: .utf8)).all {
      // Behind the stamp.
      let table = report.text.split(separator: "\n").drop { !$0.hasPrefix("threads") }.dropFirst()
        .filter { $0.contains("  ") && !$0.contains(": ") }
      #expect(table.count > 20)
      #expect(table.allSatisfy { $0.count <= 120 }, "\(table.max { $0.count < $1.count } ?? "")")
    }
  }

  @Test("what a peer took stands before our time, by its name without the version")
  func peerFirst() throws {
    var figure = Figure("score", "3 items")
    figure.seconds = Spread([2e-3, 3e-3, 4e-3, 5e-3, 6e-3])
    figure.peers = [
      PeerFigure(name: "FAISS 1.2, flat", seconds: try #require(Spread([8e-3])), cpuSeconds: nil)
    ]
    figure.peers?[0].ratio = 2
    figure.counts = ["launches": 7]
    var report = ComparisonTests.report([:])
    report.figures = [figure]
    let lines = report.text.split(separator: "\n").suffix(5)
    #expect(
      Array(lines) == [
        "score", "         FAISS    median     ±", "3 items  2.00×  4.000 ms  25 %",
        "3 items: launches 7", "beside FAISS 1.2, flat",
      ])
  }

  @Test("rates go by the clock that counts")
  func rates() throws {
    var figure = Figure("kernels", "a")
    figure.seconds = Spread([2e-3])
    figure.cpuSeconds = Spread([1e-3])
    (figure.flops, figure.bytes) = (2e6, 4e6)
    #expect(try #require(figure.gigaflops).rounded() == 1)
    figure.goesByCPU = true
    #expect(try #require(figure.gigaflops).rounded() == 2)
    #expect(try #require(figure.gigabytes).rounded() == 4)
  }

  private func roofline(_ points: [Roofline.Point]? = nil) -> Roofline {
    let intensities = [0.1, 0.3, 1, 3, 10]
    let many = (0..<40).map { (number: Int) -> Roofline.Point in
      let gigaflops = Double(1 + number % 3)
      return Roofline.Point(
        name: "op \(number) <k & n>", intensity: intensities[number % 5], gigaflops: gigaflops,
        isStreaming: number % 2 == 0)
    }
    return Roofline(points: points ?? many, cache: 100, memory: 10, peak: 200, title: "a & b")
  }

  @Test("a roofline is well-formed, and every mark and name is on the sheet, whole")
  func picture() throws {
    let svg = roofline().svg
    let parser = XMLScan(svg)
    #expect(parser.isWellFormed, "\(svg)")
    #expect(parser.elements.filter { $0.name == "circle" }.count == 40)
    let size = try ["width", "height"].map {
      try #require(Double(parser.elements[0].attributes[$0] ?? ""))
    }
    for element in parser.elements {
      for (keys, most) in [
        (["cx", "x1", "x2", "x"], size[0]), (["cy", "y1", "y2", "y"], size[1]),
      ] {
        for key in keys {
          guard let text = element.attributes[key] else { continue }
          let value = try #require(Double(text))
          #expect(value >= 0 && value <= most, "\(element)")
        }
      }
    }
    let texts = parser.elements.filter { $0.name == "text" }.map(\.text)
    for number in 0..<40 { #expect(texts.contains("op \(number) &lt;k &amp; n&gt;")) }
    for words in ["cache, 100.0 GB/s", "memory, 10.00 GB/s", "multiply-add, 200.0 GFLOP/s"] {
      #expect(texts.contains { $0.hasPrefix(words) }, "\(words)")
    }
    // However long a name is, it is no wider than the sheet.
    let long = Roofline.Point(
      name: String(repeating: "long ", count: 60), intensity: 1, gigaflops: 1, isStreaming: true)
    let cut = XMLScan(roofline([long]).svg).elements.first { $0.text.hasPrefix("long ") }
    #expect(cut?.text.hasSuffix("…") == true)
  }

  @Test("numbers cover neither each other nor a mark")
  func labels() throws {
    let elements = XMLScan(roofline().svg).elements
    func places(_ name: String, _ x: String, _ y: String) -> [(x: Double, y: Double)] {
      let size = name == "text" ? "10" : nil
      return elements.filter { $0.name == name && $0.attributes["font-size"] == size }
        .map { (Double($0.attributes[x] ?? "") ?? 0, Double($0.attributes[y] ?? "") ?? 0) }
    }
    let labels = places("text", "x", "y")
    #expect(labels.count == 40)
    for (index, label) in labels.enumerated() {
      for other in labels[..<index] {
        #expect(abs(label.x - other.x) >= 11 || abs(label.y - other.y) >= 9)
      }
      for mark in places("circle", "cx", "cy") {
        let isBeside = label.x > mark.x + 3.4 || label.x + 11 < mark.x - 3.4
        #expect(isBeside || label.y < mark.y - 3.4 || label.y - 7 > mark.y + 3.4)
      }
    }
  }

  @Test("the axes are logarithmic, and ceilings go through the points that reach them")
  func axes() throws {
    func point(_ intensity: Double, _ gigaflops: Double) -> Roofline.Point {
      Roofline.Point(name: "a", intensity: intensity, gigaflops: gigaflops, isStreaming: false)
    }
    // Two on the cache's slope, one on the peak, which it meets at 2.
    let on = [point(0.02, 2), point(0.2, 20), point(200, 200)]
    let elements = XMLScan(roofline(on + [point(0.1, 1), point(1, 1), point(10, 1)]).svg).elements
    func numbers(_ element: XMLScan.Element, _ names: String...) -> [Double] {
      names.map { Double(element.attributes[$0] ?? "") ?? .nan }
    }
    let dots = elements.filter { $0.name == "circle" }.map { numbers($0, "cx", "cy") }
    let (a, b, c) = (dots[3][0], dots[4][0], dots[5][0])
    #expect(abs((b - a) - (c - b)) < 0.3 && b - a > 50)
    let ceilings = elements.filter {
      $0.name == "line" && ["s0", "s1", "s8"].contains($0.attributes["class"] ?? "")
        && $0.attributes["stroke-width"] == "2"
    }.map { numbers($0, "x1", "y1", "x2", "y2") }
    #expect(ceilings.count == 3)
    for dot in dots[0..<2] {
      let line = ceilings[0]
      let height = line[1] + (dot[0] - line[0]) / (line[2] - line[0]) * (line[3] - line[1])
      #expect(abs(height - dot[1]) < 0.4, "\(dot) \(line)")
    }
    #expect(abs(ceilings[2][1] - dots[2][1]) < 0.11 && abs(ceilings[2][0] - ceilings[0][2]) < 0.11)
  }

  @Test("a result draws itself again, under the ceilings by which it tells shares") func again()
    throws
  {
    func op(_ name: String, _ flops: Double, _ bytes: Double, _ residence: String) -> Figure {
      var figure = Figure("kernels", name)
      figure.seconds = Spread([1e-3])
      (figure.flops, figure.bytes, figure.residence) = (flops, bytes, residence)
      // 50 GB/s in the cache, 20 in memory, 100 GFLOP/s.
      let least = max(flops / 100e9, bytes / (residence == "memory" ? 20e9 : 50e9))
      figure.share = least / 1e-3
      return figure
    }
    var report = ComparisonTests.report(["other": [1]], threads: 1)
    report.figures += [
      op("slow", 1e6, 4e6, "memory"), op("quick", 2e6, 8e6, "cache"),
      op("product", 50e6, 1e6, "cache"), op("copy", 0, 1e6, "memory"),
    ]
    let roofline = try #require(Roofline(report))
    #expect(roofline.points.map(\.name) == ["slow", "quick", "product"])
    #expect(abs(roofline.memory - 20) < 1e-9 && abs(roofline.cache - 50) < 1e-9)
    #expect(abs(roofline.peak - 100) < 1e-9)
    #expect(roofline.points.map { $0.gigaflops.rounded() } == [1, 2, 50])
    #expect(Roofline(ComparisonTests.report(["other": [1]])) == nil)
    // The committed results draw the committed pictures.
    for name in ["cpu", "pocl"] {
      let folder = packageRoot.path + "/bench/results/\(name)"
      let stored = try Report(json: String(contentsOfFile: folder + ".json", encoding: .utf8))
      for part in stored.all {
        let file = "\(folder)-\(part.stamp.threads)-roofline.svg"
        #expect(
          try #require(Roofline(part)).svg == String(contentsOfFile: file, encoding: .utf8),
          "\(file)")
      }
    }
  }
}
