import ArgumentParser
import DRR

extension SimulateCommand {
  struct World: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "world",
      abstract: "Play random, myopic and the best known policies in a public world, and agents.",
      discussion: """
        Every policy meets the same users. What reads the hidden state of users is marked, as no \
        agent can; it says how much there is to earn. `drr simulate worlds` says what each world is. \
        Runs that were trained in the world, and groups of them, play beside the known policies.

        Examples:
          drr simulate world long-term-satisfaction --sensitivity 0.2
          drr simulate world interest-evolution --candidates 50 --episodes 100
          drr simulate world interest-evolution --run runs/slateq
          drr simulate world virtual-taobao --weights virtual-taobao.safetensors
          drr simulate world virtual-taobao --weights virtual-taobao.safetensors --run runs/taobao
        """)

    @Argument(help: "The world.")
    var world: WorldName
    @OptionGroup(title: "The world's settings") var settings: SlateWorldOptions
    @Option(
      help: ArgumentHelp(
        "VirtualTaobao: the networks, generator, action and leave, as safetensors.",
        valueName: "file.safetensors"), completion: .file(extensions: ["safetensors"]))
    var weights: String?
    @Option(
      name: .customLong("run"),
      help: ArgumentHelp(
        "A run that was trained in the world, whose settings are the run's; several are given one "
          + "by one.", valueName: "folder"), completion: .directory)
    var runs: [String] = []
    @Option(help: "Episodes of each policy with each seed, each with a user of its own.")
    var episodes = 100
    @Option(help: "Number of seeds, of which users, documents and responses are drawn.")
    var seeds = 3
    @Option(help: "The first seed; the others follow it.")
    var seed: UInt64 = 0
    @OptionGroup var output: OutputOptions

    func validate() throws {
      if !(1...100_000).contains(episodes) {
        throw ValidationError("--episodes is \(episodes); it must be 1 ... 100,000.")
      }
      if !(1...100).contains(seeds) {
        throw ValidationError("--seeds is \(seeds); it must be 1 ... 100.")
      }
      try settings.require(of: world)
      if world == .taobao && weights == nil {
        throw ValidationError("virtual-taobao is made of networks; give them by --weights FILE.")
      }
      if world != .taobao && weights != nil {
        throw ValidationError("--weights is no option of \(world.rawValue); leave it out.")
      }
      if !runs.isEmpty, let option = settings.firstOption {
        throw ValidationError(
          "\(option) and --run are both given; a run has its world's settings, so leave one out.")
      }
    }

    func run() throws {
      let report = try report((0..<UInt64(seeds)).map { seed &+ $0 })
      try output.print(report, report.text)
    }

    private func report(_ seeds: [UInt64]) throws -> WorldReport {
      guard var slates = world.slates else {
        let networks = try VirtualTaobaoNetworks(contentsOf: weights!)
        var report = try VirtualTaobao.report(networks, episodes: episodes, seeds: seeds)
        if !runs.isEmpty {
          try report.add(
            runs.map { RunFolder($0) }, in: networks, on: DeviceCatalog.backend(for: .cpu))
        }
        return report
      }
      try settings.apply(to: &slates)
      let trained = try runs.map { try SlateQRuns(RunFolder($0), in: world.rawValue) }
      slates = try SlateQRuns.world(of: trained) ?? slates
      var report = try slates.report(episodes: episodes, seeds: seeds)
      for runs in trained { try report.add(runs, on: DeviceCatalog.backend(for: .cpu)) }
      return report
    }
  }
}

extension WorldReport {
  var text: String {
    let header = ["policy", "return", "", "sd of seeds", "reward a step", "", "steps"]
    let body = rows.map { row in
      [
        row.policy + (row.readsHidden ? " *" : ""), decimal(row.episode.mean, 1),
        "\(decimal(row.episode.low, 1)) to \(decimal(row.episode.high, 1))",
        row.episode.deviation.map { decimal($0, 1) } ?? "–", decimal(row.step.mean, 3),
        "\(decimal(row.step.low, 3)) to \(decimal(row.step.high, 3))", decimal(row.steps, 1),
      ]
    }
    return """
      \(world): \(grouped(episodes)) episodes with each of \(seeds.count) seeds from \(seeds[0]); \
      intervals: 95%, users resampled; \
      of several runs, over them
      \(Table(rows: [header] + body).text)
      *: reads what no agent sees
      """
  }
}
