import Benchmarks
import DRR
import Foundation
import TestSupport
import Testing

/// `bench worlds` at its smallest size.
@Suite("The table of agents in worlds", .serialized)
struct WorldsTests {
  let folder = TemporaryFolder()
  private static let least = [
    "worlds", "--part", "0.0001", "--num-envs", "2", "--episodes", "2", "--run", "runs",
    "--output", "out/foresight.md",
  ]

  private func program(_ words: [String]) throws -> TestSupport.Program {
    let path = TestSupport.Program.path(of: "bench")
    return try TestSupport.Program(words, of: path, in: folder, asGiven: true)
  }

  private func page(_ words: [String]) throws -> String {
    let ending = try program(Self.least + words).wait()
    #expect(ending.code == 0, "\(ending.error)")
    return try folder.text("out/foresight.md")
  }

  /// The first table's rows below its header, by their worlds.
  private func table(_ page: String) throws -> (header: [String], rows: [String: [String]]) {
    let lines = try #require(page.components(separatedBy: "\n\n").first { $0.hasPrefix("| world") })
      .split(separator: "\n").map { line in
        line.split(separator: " | ").map { $0.trimmingCharacters(in: ["|", " "]) }
      }
    return (
      lines[0],
      Dictionary(uniqueKeysWithValues: lines.dropFirst(2).map { ($0[0], Array($0.dropFirst())) })
    )
  }

  private func number(_ cell: String) -> Double? {
    Double(cell.filter { !"*\\ ".contains($0) })
  }

  private func expectPictures(_ worlds: [String]) throws {
    let pictures = try folder.names("out").filter { $0.hasSuffix(".svg") }
    #expect(Set(pictures) == Set(worlds.map { "foresight-\($0).svg" }))
    for picture in pictures {
      let text = try folder.text("out/\(picture)")
      #expect(text.hasPrefix("<svg") && text.contains("</svg>") && !text.contains("nan"))
    }
  }

  private static let slates = [
    "evolution", "evolution-50", "satisfaction-1", "satisfaction-2", "satisfaction-3",
    "exploration",
  ]

  @Test("other agents learn RecSim's worlds alone")
  func otherAgents() throws {
    let agents = ["myopic", "slateq", "dqn", "pg", "gru"]
    let page = try page(["--seeds", "2"] + agents.flatMap { ["--agent", $0] })
    let (header, rows) = try table(page)
    #expect(
      header == [
        "world", "random", "rule", "myopic", "best known", "untrained", "SlateQ, γ = 0", "DQN",
        "policy gradient", "SlateQ, GRU of 16 steps", "SlateQ", "95 %",
      ])
    #expect(rows.count == 6 && rows.values.allSatisfy { $0.count == header.count - 1 })
    #expect(rows["interest exploration"]?[1] == "–")
    for (world, cells) in rows {
      // The best is the highest of what is known.
      let known = cells.prefix(4).compactMap(number)
      #expect(known.count >= 3 && known.max() == known.last, "\(world)")
    }
    #expect(page.components(separatedBy: "\n| SlateQ, γ = 0 |").count == 7)
    #expect(!page.contains("VirtualTaobao") && !page.contains("## Speed"))
    try expectPictures(Self.slates)
  }

  @Test("one command trains all worlds, measures speeds, and goes on from what it trained")
  func whole() throws {
    try TinyTaobao.write(to: folder.path + "/tiny.safetensors")
    let (weights, data) = (["--weights", "tiny.safetensors"], ["--data", "generated:tiny"])
    let clock = "--rounds 1 --seconds 0.0001 --no-peers"
    let speeds = ["--with", "steps --environments 2 \(clock)", "--with", "updates \(clock)"]
    let first = try page(["--seeds", "2"] + weights + data + speeds)
    let (header, rows) = try table(first)
    #expect(header.suffix(3) == ["γ = 0", "agent", "95 %"])
    #expect(rows.count == 9 && rows.values.allSatisfy { $0.count == header.count - 1 })
    try expectPictures(Self.slates + ["taobao", "streaks"])
    #expect(try rows["VirtualTaobao, clicks a page"]?[6] == "**\(clicks())**")
    #expect(
      try rows["ratings with a streak effect, PMF simulator"]?[6] == "**\(reward())**")
    let speed = try #require(first.components(separatedBy: "## Speed").last)
    for name in ["interest evolution", "VirtualTaobao", "SlateQ update"] {
      #expect(speed.contains("\n| \(name)"), "\(name)")
    }
    // Nothing is trained again, and what is left out says so.
    let again = try page(["--seeds", "2", "--no-speeds"] + data)
    let absent = try table(again).rows
    let dashes = header.dropFirst().map { _ in "–" }
    #expect(absent["VirtualTaobao: left out, no --weights was given"] == dashes)
    func sections(_ page: String) -> [String] {
      let sections = page.components(separatedBy: "\n## ").dropFirst()
      return sections.filter { !$0.hasPrefix("Speed") && !$0.hasPrefix("VirtualTaobao") }.map {
        let text = $0.replacing(/, \d+ CPU s a training/, with: "")
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
      }
    }
    #expect(sections(again) == sections(first) && sections(first).count == 7)
    let ratings = try #require(
      first.components(separatedBy: "\n## ").first { $0.hasPrefix("ratings with") })
    #expect(ratings.contains(/of the training users, \d+ CPU s a training\./))
    #expect(first.contains("and the column γ = 0 of the first table has a dash"))
    // Two seeds in three splits, in two simulators.
    for (split, seed) in [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1)] {
      let rows = ratings.components(separatedBy: "\n| \(split) | \(seed) | ")
      #expect(rows.count == 3, "split \(split), seed \(seed)")
    }
  }

  /// Clicks a page of the agents of the folder, read afresh.
  private func clicks() throws -> String {
    let networks = try VirtualTaobaoNetworks(contentsOf: folder.path + "/tiny.safetensors")
    var report = try VirtualTaobao.report(networks, episodes: 2, seeds: [0, 1, 2])
    // The settings were chosen with the seeds before these.
    let runs = [2, 3].map { RunFolder(folder.path + "/runs/taobao/ddpg/seed-\($0)") }
    try report.add(runs, in: networks, on: DeviceCatalog.backend(for: .cpu))
    return decimal(try #require(report.rows.last).step.mean, 3)
  }

  /// The mean reward of the planners of the folder, each simulated in its own run.
  private func reward() throws -> String {
    let log = try RatingsSource.load("generated:tiny")
    let backend = try DeviceCatalog.backend(for: .cpu)
    let rewards = try (0..<6).map { number -> Double in
      let split = number % 3
      let place = "split-\(split)" + (number < 3 ? "" : "/seed-1")
      let planner = RunFolder(folder.path + "/runs/streaks/\(place)/planner")
      let settings = try #require(try planner.read(RunConfiguration.self))
      #expect(settings.seed == UInt64(number) && settings.evaluation.splitSeed == UInt64(split))
      let run = try Experiment(settings, log: log, folder: planner)
      let (model, agent) = try run.trained(on: backend)
      var online = OnlineProtocol()
      online.consecutive = 1
      let report = try run.simulate(
        online, model, [Experiment.Contestant("planner", agent)], on: backend)
      let found = try #require(report.policies.first { $0.name == "planner frozen" })
      return try #require(found.rows.max { $0.k < $1.k }).reward.mean
    }
    return decimal(rewards.reduce(0, +) / 6, 3)
  }

  @Test("Control-C saves what is trained, and says how to go on")
  func interrupted() throws {
    let words = [
      "worlds", "--seeds", "1", "--num-envs", "2", "--episodes", "2", "--agent", "slateq",
      "--run", "runs", "--output", "page.md",
    ]
    let program = try program(words)
    let deadline = Date() + 60
    let run = "runs/evolution/slateq/seed-0"
    program.until { folder.exists(run + "/config.json") || Date() > deadline }
    program.send(SIGINT)
    let ending = try program.wait()
    #expect(ending.code == 130 && ending.output == "", "\(ending.description)")
    #expect(
      ending.error.contains("every run is saved; to go on: drr bench worlds --seeds 1"),
      "\(ending.error)")
    #expect(folder.exists(run + "/checkpoint.safetensors") && !folder.exists("page.md"))
  }

  @Test("Control-C ends what plays for minutes")
  func interruptedPlay() throws {
    let words = [
      "worlds", "--seeds", "1", "--part", "0.0001", "--num-envs", "2", "--episodes", "100000",
      "--agent", "slateq", "--run", "runs", "--output", "page.md",
    ]
    let program = try program(words)
    let deadline = Date() + 60
    let last = "runs/exploration/slateq/seed-0/checkpoint.safetensors"
    program.until { folder.exists(last) || Date() > deadline }
    let begun = Date()
    program.send(SIGINT)
    let ending = try program.wait()
    #expect(ending.code == 130 && ending.output == "", "\(ending.description)")
    #expect(
      ending.error.contains("; to go on: drr bench worlds --seeds 1"), "\(ending.error)")
    // On a machine with other work; to the end it would be minutes.
    #expect(Date().timeIntervalSince(begun) < 20)
  }

  @Test("what goes not together, or is not there, is refused before anything is trained")
  func refused() throws {
    let both = try program(Self.least + ["--agent", "pg", "--data", "generated:tiny"]).wait()
    #expect(both.code == 64 && both.error.contains("--data and --agent are both given"))
    for option in ["--weights", "--data"] {
      let absent = try program(Self.least + [option, "nowhere.file"]).wait()
      #expect(absent.code != 0 && absent.error.contains("nowhere.file"), "\(absent.error)")
    }
    #expect(!folder.exists("runs"))
  }
}
