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

  private func roofline() -> Roofline {
    let intensities = [0.1, 0.3, 1, 3, 10]
    let points = (0..<40).map { (number: Int) -> Roofline.Point in
      let gigaflops = Double(1 + number % 3)
      return Roofline.Point(
        name: "op \(number) <k & n>", intensity: intensities[number % 5], gigaflops: gigaflops,
        isStreaming: number % 2 == 0)
    }
    return Roofline(
      points: points, slopes: [("cache", 100), ("memory", 10)], peak: 200, title: "a & b")
  }

  @Test("a roofline is well-formed, and every mark is on the sheet")
  func picture() throws {
    let svg = roofline().svg
    let parser = XMLScan(svg)
    #expect(parser.isWellFormed, "\(svg)")
    #expect(parser.elements.filter { $0.name == "circle" }.count == 40)
    let height = try #require(Double(parser.elements[0].attributes["height"] ?? ""))
    for element in parser.elements {
      for key in ["cx", "x1", "x2", "x"] {
        guard let text = element.attributes[key] else { continue }
        let value = try #require(Double(text))
        #expect(value >= 0 && value <= 1_240, "\(element)")
      }
      for key in ["cy", "y1", "y2", "y"] {
        guard let text = element.attributes[key] else { continue }
        let value = try #require(Double(text))
        #expect(value >= 0 && value <= height, "\(element)")
      }
    }
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

  @Test("twice the intensity is as far as ten times it is to ten: the axes are logarithmic")
  func axes() throws {
    func place(_ intensity: Double) throws -> Double {
      let point = Roofline.Point(
        name: "a", intensity: intensity, gigaflops: 10, isStreaming: false)
      let anchors = [0.01, 1_000].map {
        Roofline.Point(name: "b", intensity: $0, gigaflops: 1, isStreaming: false)
      }
      let svg = Roofline(
        points: [point] + anchors, slopes: [("memory", 10)], peak: 100, title: ""
      ).svg
      let circle = try #require(XMLScan(svg).elements.first { $0.name == "circle" })
      return try #require(Double(circle.attributes["cx"] ?? ""))
    }
    let (a, b, c) = (try place(0.1), try place(1), try place(10))
    #expect(abs((b - a) - (c - b)) < 0.3 && b - a > 50)
  }
}
