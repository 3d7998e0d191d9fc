import DRRCore
import DRRData
import DRRTestSupport
import Environments
import Evaluation
import Kernels
import Report
import Runs
import SlateQ
import Tables
import Tensor
import TestSupport
import Testing

@Suite("Reports of runs")
struct ReportTests {
  @Test("a plane through space is found, with all that lies in it") func projection() {
    // Points 3 u + 1 v of a plane in four dimensions, u and v orthonormal.
    let (u, v): ([Float], [Float]) = ([0.5, 0.5, 0.5, 0.5], [0.5, -0.5, 0.5, -0.5])
    var random = SeededGenerator(2)
    var vectors: [Float] = []
    var wanted: [(x: Double, y: Double)] = []
    for _ in 0..<200 {
      let a = Float.random(in: -3...3, using: &random)
      let b = Float.random(in: -1...1, using: &random)
      wanted.append((Double(a), Double(b)))
      vectors += zip(u, v).map { 7 + a * $0 + b * $1 }
    }
    let found = Projection(vectors, width: 4)
    #expect(abs(found.share - 1) < 1e-6)
    let mean = (
      x: wanted.reduce(0) { $0 + $1.x } / 200, y: wanted.reduce(0) { $0 + $1.y } / 200
    )
    // Distances are kept, whatever the directions' signs.
    for (place, point) in found.points.enumerated() {
      let length = (point.x * point.x + point.y * point.y).squareRoot()
      let (x, y) = (wanted[place].x - mean.x, wanted[place].y - mean.y)
      #expect(abs(length - (x * x + y * y).squareRoot()) < 1e-4)
      // Both spreads differ by nine, so that the first component is nearly u.
      #expect(abs(abs(point.x) - abs(x)) < 0.5)
    }
    // Part of what varies lies outside of the plane.
    let cube = Projection((0..<300).map { _ in Float.random(in: -1...1, using: &random) }, width: 3)
    #expect((0.5...0.9).contains(cube.share))
    #expect(Projection([1, 1, 1, 1], width: 2).share == 0)
  }

  private static func page(
    _ folders: [RunFolder], _ change: (inout RunReport) -> Void = { _ in }
  ) throws -> String {
    var report = try RunReport(folders, on: DeviceCatalog.backend(for: .cpu))
    change(&report)
    return try report.html()
  }

  /// A page that asks for nothing, and whose pictures are XML.
  private static func check(_ page: String) {
    #expect(!page.contains("<script") && !page.contains("src=") && !page.contains("url("))
    let addresses = page.matches(of: /https?:\/\/[^"<\s]*/).map { String($0.0) }
    #expect(Set(addresses).isSubset(of: ["http://www.w3.org/2000/svg"]))
    for picture in page.split(separator: "<svg").dropFirst() {
      let text = "<svg" + picture.prefix(upTo: picture.firstRange(of: "</svg>")!.upperBound)
      #expect(XMLScan(text).isWellFormed, "\(text.prefix(200))")
      #expect(!text.contains("nan") && !text.contains("inf"), "\(text.prefix(200))")
    }
  }

  @Test("of a table show what was learned of each tile beside the best there is") func table()
    throws
  {
    let place = TemporaryFolder()
    var folders: [RunFolder] = []
    for seed in UInt64(0)..<2 {
      var settings = TabularConfiguration()
      settings.environment = .cliff
      settings.steps = 3_000
      settings.seed = seed
      let folder = RunFolder("\(place.path)/q\(seed)")
      let run = try Run(settings, folder: folder)
      try run.begin()
      _ = try run.train(try TabularLearner(settings), device: "cpu")
      folders.append(folder)
    }
    let one = try Self.page([folders[0]])
    Self.check(one)
    #expect(one.contains("What was learned of cliff"))
    for words in [
      "Value of the greedy policy", "Error of the table", "Exploration", "a Q-learning run",
    ] {
      #expect(one.contains(words), "\(words)")
    }
    // V* of the cliff's start: thirteen steps of −1, γ .99.
    let value = (0..<13).reduce(0.0) { sum, _ in 0.99 * sum - 1 }
    #expect(one.contains(decimal(value, 2)))
    let both = try Self.page(folders)
    Self.check(both)
    #expect(both.contains("q0, learned") && both.contains("q1, learned"))
    #expect(both.components(separatedBy: "What was learned of cliff").count == 3)
  }

  @Test("of agents of worlds show the known policies beside them") func worlds() throws {
    let place = TemporaryFolder()
    var settings = SlateQRunConfiguration()
    settings.world = .satisfaction(.init())
    settings.agent.environments = 8
    settings.agent.rollouts = 1
    settings.agent.hidden = 8
    settings.agent.steps = 4_096
    settings.agent.validations = 4
    settings.agent.validationEpisodes = 4
    let folder = RunFolder("\(place.path)/slateq")
    let run = try Run(settings, folder: folder)
    try run.begin()
    _ = try run.train(
      try SlateQRunTrainer(settings, on: DeviceCatalog.backend(for: .cpu)), device: "cpu")
    let page = try Self.page([folder]) { $0.episodes = 3 }
    Self.check(page)
    for words in [
      "Returns in long-term-satisfaction", "SlateQ, untrained", "least temptation",
      "Return, validation users", "kept: step",
    ] {
      #expect(page.contains(words), "\(words)")
    }
    #expect(try !Self.page([folder]) { $0.episodes = 0 }.contains("Returns in"))
  }

  @Test("need a run") func nothing() throws {
    let place = TemporaryFolder()
    #expect(throws: RunError.self) { try Self.page([RunFolder(place.path)]) }
    #expect(throws: RunError.self) { try Self.page([RunFolder(place.path + "/absent")]) }
  }
}
