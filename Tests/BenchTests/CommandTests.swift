import Benchmarks
import DRR
import Foundation
import TestSupport
import Testing

/// Every command of `bench` at its smallest size.
@Suite("Commands of bench", .serialized)
struct CommandTests {
  let folder = TemporaryFolder()
  private static let least = ["--rounds", "1", "--seconds", "0.0001", "--no-peers"]
  private static let measuring: [String: [String]] = [
    "latency": [], "ceilings": [], "kernels": ["--filter", "affine", "--memory", "16"],
    "products": ["--shape", "4x4x4"],
    "updates": [
      "--hidden", "4", "--batch", "2", "--dimension", "4", "--pmf", "4", "--pmf-data",
      "generated:tiny", "--pmf-epochs", "1", "--irecgan", "small", "--multi-table-data",
      "generated:tiny",
    ],
    "score": ["--items", "100", "--batch", "1", "--width", "4", "--work", "0.1"],
    "replay": ["--rows", "100", "--batch", "4", "--width", "4"], "data": ["--size", "tiny"],
    "environments": [
      "--hidden", "4", "--batch", "2", "--dimension", "4", "--environments", "1", "--count", "4",
    ],
    "steps": ["--environments", "2"],
  ]
  private static let others = [
    "all", "compare", "tune", "splits", "reproduce", "worlds", "first-update", "roofline",
  ]

  private func run(_ words: [String]) throws -> Outcome {
    let path = TestSupport.Program.path(of: "bench")
    return try TestSupport.Program.run(words, of: path, in: folder, asGiven: true)
  }

  @Test("are all among these")
  func all() {
    let known = Benchmark.configuration.subcommands.map { $0._commandName }
    #expect(Set(known) == Set(Self.measuring.keys).union(Self.others))
  }

  @Test("a result's rooflines are drawn from it alone")
  func rooflines() throws {
    let results = packageRoot.path + "/bench/results"
    let drawn = try run(["roofline", results + "/cpu.json", "--output", "pictures"])
    let names = [1, 2].map { "cpu-\($0)-roofline.svg" }
    #expect(drawn.code == 0 && drawn.error == "", "\(drawn.description)")
    #expect(drawn.output == names.map { "pictures/\($0)\n" }.joined())
    for name in names {
      #expect(
        try folder.text("pictures/" + name)
          == String(contentsOfFile: "\(results)/\(name)", encoding: .utf8))
    }
    let absent = try run(["roofline", "nowhere.json"])
    #expect(absent.code == 1 && absent.error.contains("nowhere.json: no such file"))
    let bare = try RunFolder.json(ComparisonTests.report(["a": [1]]))
    try folder.write("bare.json", bare)
    let none = try run(["roofline", "bare.json"])
    #expect(none.code == 1 && none.error.contains("bare.json has no op with a share of a ceiling"))
  }

  @Test("measure, and every figure is a number", arguments: measuring.keys.sorted())
  func measures(_ name: String) throws {
    let ending = try run([name, "--json"] + Self.least + Self.measuring[name]!)
    #expect(ending.code == 0, "\(ending.error)")
    let report = try Report(json: ending.output)
    #expect(!report.figures.isEmpty)
    for figure in report.figures {
      #expect(figure.time.map { $0.median.isFinite && $0.median >= 0 } ?? true, "\(figure.name)")
    }
    try folder.write("a.json", ending.output)
    let same = try run(["compare", "a.json", "a.json"])
    #expect(same.code == 0, "\(same.error)")
  }

  @Test("measure all together into a folder")
  func together() throws {
    let with = Self.measuring.flatMap { name, words in
      ["--with", ([name] + words).joined(separator: " ")]
    }
    // Their own tests run the two that take longest.
    let ending = try run(
      ["all", "--output", "results", "--name", "least", "--skip", "ceilings", "--skip", "latency"]
        + Self.least + with)
    #expect(ending.code == 0, "\(ending.error)")
    let report = try Report(json: try folder.text("results/least.json"))
    #expect(Set(report.all.flatMap(\.figures).map(\.group)).contains("updates"))
    #expect(try folder.text("results/least.md").contains("updates"))
  }

  @Test("a command that fails loses nothing of the others, and its own options come first")
  func partly() throws {
    let others = [
      "ceilings", "latency", "kernels", "products", "updates", "environments", "steps", "data",
    ]
    let ending = try run(
      ["all", "--output", "results", "--name", "rest"] + others.flatMap { ["--skip", $0] }
        + Self.least + [
          "--with", "replay --rows 100 --batch 4 --width 4 --rounds 2",
          "--with", "score --batch 0",
        ])
    #expect(ending.code == 1)
    #expect(ending.error.contains("--batch is 0"))
    #expect(ending.error.contains("score with --threads 1"))
    let report = try Report(json: try folder.text("results/rest.json"))
    #expect(Set(report.all.flatMap(\.figures).map(\.group)) == ["replay"])
    #expect(report.skipped.contains("score with --threads 1 failed"))
  }

  @Test("time the first update of a process")
  func firstUpdate() throws {
    let ending = try run(["first-update"] + Self.least)
    #expect(ending.code == 0, "\(ending.error)")
    let times = try JSONDecoder().decode([String: Double].self, from: Data(ending.output.utf8))
    #expect(times.count == 3 && times.values.allSatisfy { $0 > 0 && $0.isFinite })
  }

  @Test("fit the five splits, and reproduce, on a folder of that layout")
  func splits() throws {
    var rows: [String] = []
    for user in 1...30 {
      for item in 1...12 { rows.append("\(user)\t\(item)\t\(1 + (user * item) % 5)\t\(item)") }
    }
    try folder.write("ml/u.data", rows.joined(separator: "\n") + "\n")
    for split in 1...5 {
      let test = rows.indices.filter { $0 % 5 == split - 1 }.map { rows[$0] }
      let base = rows.indices.filter { $0 % 5 != split - 1 }.map { rows[$0] }
      try folder.write("ml/u\(split).base", base.joined(separator: "\n") + "\n")
      try folder.write("ml/u\(split).test", test.joined(separator: "\n") + "\n")
    }
    let fitted = try run(["splits", "ml"])
    #expect(fitted.code == 0, "\(fitted.error)")
    #expect(fitted.output.contains("u5: test RMSE") && fitted.output.contains("mean: "))
    let table = try run([
      "reproduce", "generated:tiny", "--seeds", "1", "--steps", "20", "--agent", "ave", "--run",
      "runs", "--output", "table.md",
    ])
    #expect(table.code == 0, "\(table.error)")
    #expect(try folder.text("table.md").contains("--steps 20"))
  }

  @Test("tune a device that there is, and refuse the processor by a sentence")
  func tune() throws {
    let refused = try run(["tune", "--device", "cpu"])
    #expect(refused.code == 64)
    #expect(refused.error.contains("--device is cpu; it must be opencl[:P:D]."))
  }
}
