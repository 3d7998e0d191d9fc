import ArgumentParser
import DRR
import Synchronization
import Terminal

/// Whether looking ahead pays: agents in the public worlds.
struct Worlds: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write the table of agents in public worlds.",
    discussion: """
      Trains SlateQ and its myopic twin (γ = 0) in RecSim's worlds, DDPG in VirtualTaobao and the \
      planner in a simulator of ratings whose streak effect it is not told; plays what each \
      training kept with users that none has met, beside the policies that the world is known by; \
      measures how fast worlds step and SlateQ learns; and writes the table and a picture of each \
      world. What --weights or --data is missing for is left out, and the table says so. Trainings \
      go side by side, one a core; CPU seconds are right where each has one thread. Stopped or \
      killed, the same command goes on from what --run holds.

      Examples:
        OPENBLAS_NUM_THREADS=1 drr bench worlds --weights taobao.safetensors --data ml-100k.zip
        drr bench worlds --agent pg --agent dqn --seeds 3 --output learners.md
        drr bench worlds --seeds 2 --part 0.1 --run runs/quick --output quick.md
      """)

  @Option(
    name: .customLong("agent"),
    help: ArgumentHelp(
      "Agents for RecSim's worlds, which are then all that is trained: SlateQ, its myopic twin, "
        + "SlateQ with a GRU over the latest 16 steps, deep Q-learning, a policy gradient; several "
        + "are given one by one. (default: slateq, myopic)"))
  var agents: [ForesightAgent] = []
  @Option(
    help: ArgumentHelp(
      "VirtualTaobao: the networks that it is made of, as safetensors.",
      valueName: "file.safetensors"), completion: .file(extensions: ["safetensors"]))
  var weights: String?
  @Option(
    help: ArgumentHelp(
      "The ratings of the simulator with a streak effect, MovieLens 100K in the results.",
      valueName: "source"), completion: .file())
  var data: String?
  @Option(help: "Training seeds; with ratings in each of three splits of the users.")
  var seeds = 5
  @Option(help: "Part of the steps of every training.")
  var part = 1.0
  @Option(name: .customLong("num-envs"), help: "Users side by side in training and validation.")
  var environments = 256
  @Option(help: "Episodes of each policy with each of three seeds of users.")
  var episodes = 200
  @Option(name: .customLong("run"), help: "Where the runs are kept.")
  var runs = "runs/foresight"
  @Flag(help: "Measure no speeds.")
  var noSpeeds = false
  @Option(
    help: "More words for a measurement of speeds, such as \"steps --no-peers\"; again for more.")
  var with: [String] = []
  @Option(help: "The file that is written; pictures lie beside it.")
  var output = "bench/results/foresight.md"

  func validate() throws {
    try RunGroup(seeds: seeds).validate()
    guard 1...65_536 ~= environments else {
      throw ValidationError("--num-envs is \(environments); it must be 1 ... 65,536.")
    }
    guard part > 0 && part <= 1 else {
      throw ValidationError("--part is \(part); it must be above 0 and at most 1.")
    }
    guard 1...100_000 ~= episodes else {
      throw ValidationError("--episodes is \(episodes); it must be 1 ... 100,000.")
    }
    let further = [
      ("--weights", weights != nil), ("--data", data != nil), ("--with", !with.isEmpty),
    ]
    if !agents.isEmpty, let option = further.first(where: \.1)?.0 {
      throw ValidationError(
        "\(option) and --agent are both given; --agent is for RecSim's worlds alone, so leave one "
          + "out.")
    }
  }

  func run() throws {
    Interrupt.install(as: Latency.prefix.isEmpty ? "drr bench" : "drr")
    Interrupt.begins()
    do {
      let worlds = try worlds()
      try train(worlds)
      var page = try page(of: worlds)
      try AtomicFile.write(page.text, to: output, readers: .all)
      if agents.isEmpty && !noSpeeds {
        page.speeds = ForesightSpeeds(weights: weights, further: with).section()
        if Interrupt.isRequested { throw Interrupted(step: 0) }
        try AtomicFile.write(page.text, to: output, readers: .all)
      }
      let count = worlds.reduce(0) { $0 + $1.count }
      try Console.result("\(output): \(count) runs in \(worlds.count) worlds")
    } catch is Interrupted {
      Interrupt.note("every run is saved", resume: Interrupt.typedCommand)
      throw ExitCode(130)
    }
  }

  /// In the order of the table.
  private var wanted: [ForesightAgent] {
    ForesightAgent.allCases.filter {
      agents.isEmpty ? $0 == .myopic || $0 == .slateq : agents.contains($0)
    }
  }

  /// Those of which all is there.
  private func worlds() throws -> [ForesightTrainings] {
    let sizes = ForesightSizes(
      seeds: seeds, part: part, environments: environments, episodes: episodes, runs: runs)
    var worlds = SlateForesight.all(wanted, sizes).map { ForesightTrainings($0) }
    if let weights { worlds.append(ForesightTrainings(try TaobaoForesight(weights, sizes))) }
    if let data { worlds.append(ForesightTrainings(try StreakForesight(data, sizes))) }
    return worlds
  }

  /// Rows of the others, and why.
  private var absences: [String] {
    guard agents.isEmpty else { return [] }
    return (weights == nil ? ["VirtualTaobao: left out, no --weights was given"] : [])
      + (data == nil ? ["ratings with a streak effect: left out, no --data was given"] : [])
  }

  /// Every training of every world.
  private func train(_ worlds: [ForesightTrainings]) throws {
    let work = worlds.flatMap { world in (0..<world.count).map { (world: world, number: $0) } }
    let progress = Mutex(TrainingsProgress(count: work.count, of: "a training"))
    defer { progress.withLock { $0.finish() } }
    let results = concurrentMap(work.count) { at -> Result<Void, any Error> in
      Result {
        if Interrupt.isRequested { throw Interrupted(step: 0) }
        var observer = Observer()
        observer.progress = { done, total, _ in
          // It is done once it has been looked at too.
          let share = (TrainingsProgress.whole - 1) * done / max(total, 1)
          progress.withLock { $0.update(at, share) }
        }
        observer.note = { Console.note($0) }
        observer.shouldStop = { Interrupt.isRequested }
        observer.saved = { Interrupt.hasCheckpoint() }
        try work[at].world.train(work[at].number, observer)
        progress.withLock { $0.update(at, TrainingsProgress.whole) }
      }
    }
    for case .failure(let error) in results where !(error is Interrupted) { throw error }
    for result in results { try result.get() }
  }

  /// Plays what was trained, and writes the pictures.
  private func page(of worlds: [ForesightTrainings]) throws -> ForesightPage {
    try RunFolder(output.parentFolder).create()
    let line = Progress()
    defer { line.finish() }
    var page = ForesightPage(
      command: command, seeds: seeds,
      agents: agents.isEmpty ? ["γ = 0", "agent"] : wanted.map(\.name), absences: absences)
    for (place, world) in worlds.enumerated() {
      if Interrupt.isRequested { throw Interrupted(step: 0) }
      line.update(place, of: worlds.count, "worlds played, \(world.name)")
      let outcome = try world.outcome()
      let picture = picture(world)
      try AtomicFile.write(
        outcome.picture.file, to: "\(output.parentFolder)/\(picture)", readers: .all)
      page.sections.append((world.name, picture, outcome))
    }
    return page
  }

  private func picture(_ world: ForesightTrainings) -> String {
    let page = output.split(separator: "/").last.map(String.init) ?? output
    return (page.hasSuffix(".md") ? String(page.dropLast(3)) : page) + "-\(world.folder).svg"
  }

  /// With what is not as it is by default; files without the folders that they lie in.
  private var command: String {
    func file(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? "" }
    return "OPENBLAS_NUM_THREADS=1 drr bench worlds --seeds \(seeds) --episodes \(episodes)"
      + agents.map { " --agent \($0.rawValue)" }.joined()
      + (weights.map { " --weights \(file($0))" } ?? "")
      + (data.map { " --data \(file($0))" } ?? "")
      + (part == 1 ? "" : " --part \(part)")
      + (environments == 256 ? "" : " --num-envs \(environments)")
  }
}
