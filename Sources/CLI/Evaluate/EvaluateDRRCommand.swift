import ArgumentParser
import DRR
import Kernels
import Terminal

extension EvaluateCommand {
  struct DRR: SharesWork {
    static let configuration = CommandConfiguration(
      commandName: "drr", abstract: "Rank held-out users' test items, beside baselines.",
      usage: "drr evaluate drr [<options>]",
      discussion: """
        Of every test user the first half of the ratings is observed; the agent ranks the items of \
        the second half. Candidates are only items that the user rated. The intervals are of \
        resampled users. A folder of several runs is evaluated as one: users are resampled with what \
        all runs made of them. Started as mpirun -n 4 drr evaluate …, processes share the users; the \
        result is the same to the bit.

        Examples:
          drr evaluate --run runs/first
          drr evaluate --run runs/residual --run runs/drr
          drr evaluate --run runs/first --all
          drr evaluate --run runs/first --format latex
          drr evaluate --run runs/first --device cpu --json
          drr evaluate --leakage-ablation --data ml-100k.zip --seeds 3 --run runs/leaks
        """)

    @OptionGroup var compared: RunsBeside
    @OptionGroup var place: RunDataOption
    @OptionGroup var random: MeasurementSeedOption
    @OptionGroup var ablation: LeakageOptions
    @Option(
      help: ArgumentHelp(
        "Of a folder of several runs only so many seeds; of the leakage ablation so many, from "
          + "--seed on. (default: all; of the ablation 1)"))
    var seeds: Int?
    @Option(help: "Of a folder of several runs only so many splits. (default: all)")
    var splits: Int?
    @Option(help: "α of LinUCB: how many standard errors are added to an estimate.")
    var linucbAlpha = 0.25
    @OptionGroup var rankings: ListsOption
    @OptionGroup var tables: TableOptions
    @OptionGroup var device: DeviceOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      let options = try compared.first()
      if ablation.leakageAblation { return try runAblation(options) }
      if try runFolders(options)[0].readAlgorithm() == "irecgan" { return try runIRecGAN(options) }
      var settings = EvaluationSettings()
      settings.seed = random.seed
      settings.exploration = linucbAlpha
      try settings.validate()
      let runs = try runs(options)
      let (configuration, log, first) = try open(runs[0], of: options)
      let backend = try device.backend {
        try DeviceTrial.secondsPerUpdate(
          configuration.agent, dimension: configuration.pmf.dimension, on: $0)
      }
      let progress = Progress()
      defer { progress.finish() }
      let hasMyopic = haveMyopic(runs)
      var evaluated: [RunEvaluation] = []
      var file = rankings.file
      for (number, run) in runs.enumerated() {
        let (experiment, model) = try number == 0 ? first : reopen(run, log, data: place.data)
        let agents = try agents(
          of: experiment, model, member(run, of: options), hasMyopic: hasMyopic, on: backend)
        var observer = Observer()
        observer.progress = {
          progress.update($1 * number + $0, of: $1 * runs.count, $2)
        }
        let evaluation = try experiment.evaluate(
          model, agents, settings, observer, among: Ranks.all)
        evaluated.append(evaluation)
        file?.add(
          run: run.run, try experiment.sessions(), evaluation.scores.map { ($0.name, $0) }, log)
      }
      progress.finish()
      let report = try first.experiment.report(
        evaluated, on: backend, settings, among: Ranks.all)
      try output.print(
        report, tables.all ? report.text : report.summary(tables.format),
        isForPeople: tables.format == .text
      ) {
        try options.folder.write(report, to: options.folder.evaluation)
        try file?.write()
      }
    }

    private func runAblation(_ options: RunOptions) throws {
      try Ranks.requireOne(for: "--leakage-ablation")
      try requirePlain("--leakage-ablation has a table for each protocol")
      try ablation.run(
        options, data: place.data, seed: random.seed, seeds: seeds ?? 1, device, output)
    }

    private func runIRecGAN(_ options: RunOptions) throws {
      try requirePlain("\(options.run) is an IRecGAN run, which is measured click by click")
      try Ranks.requireOne(for: "the evaluation of an IRecGAN run")
      try EvaluateCommand.IRecGAN.evaluate(
        options, data: place.data, env: nil, sessions: IRecGAN.usualSessions,
        seed: random.seed ?? 0, device, output)
    }

    /// The first run, with its settings and the ratings that it was trained on.
    private func open(
      _ run: RunOptions, of options: RunOptions
    ) throws -> (RunConfiguration, RatingsLog, (experiment: Experiment, model: PMFModel)) {
      let data = place.data
      var configuration = try run.begun(data: data)
      if let data { configuration.data.source = data }
      try configuration.requireEvaluable(in: run.folder)
      let log = try loadRatings(
        configuration.data.source, configuration.data.ratingRange)
      let first = try reopen(run, log, data: data)
      try compared.requireComparable(
        with: first.experiment, member: member(run, of: options), data: data)
      return (configuration, log, first)
    }

    /// In a group, the part of the folder that tells a run.
    private func member(_ run: RunOptions, of options: RunOptions) -> String {
      String(run.run.dropFirst(options.run.count))
    }

    /// Whether every run has a myopic agent; where only some have one, that is said.
    private func haveMyopic(_ runs: [RunOptions]) -> Bool {
      let count = runs.count { $0.folder.hasMyopic }
      if count > 0 && count < runs.count {
        Console.note("only \(count) of \(runs.count) runs have a myopic agent: it is left out")
      }
      return count == runs.count
    }

    /// The agent of a run, as cloning left it before that, and behind it further runs' and the myopic
    /// one.
    private func agents(
      of experiment: Experiment, _ model: PMFModel, _ member: String, hasMyopic: Bool,
      on backend: any Backend
    ) throws -> [AgentRanker] {
      var agents = [
        AgentRanker(experiment.agentName, try experiment.readAgent(model, on: backend))
      ]
      try experiment.noteUnfinished()
      if let cloned = try experiment.readCloned(model, on: backend) {
        agents.insert(AgentRanker(experiment.clonedName, cloned, isValued: false), at: 0)
      }
      agents += try compared.others(
        beside: experiment, member: member, data: place.data, on: backend
      ).map { AgentRanker($0.name, $0.agent) }
      if hasMyopic, let myopic = try experiment.readMyopic(model, on: backend) {
        agents.append(AgentRanker(experiment.myopicName, myopic.agent))
        try myopic.run.noteUnfinished()
      }
      return agents
    }

    private func requirePlain(_ reason: String) throws {
      if let lists = rankings.lists {
        throw RunError("--lists is \(lists), but \(reason); leave it out")
      }
      if compared.runs.count > 1 {
        throw RunError(
          "--run is \(compared.runs.joined(separator: " and ")), but \(reason); name one")
      }
    }

    /// The run of the folder, or the runs of its group.
    private func runs(_ options: RunOptions) throws -> [RunOptions] {
      guard let group = try options.folder.readGroup() else {
        for (name, number) in [("--seeds", seeds), ("--splits", splits)] where (number ?? 1) != 1 {
          throw RunError(
            "\(name) is \(number!), but \(options.run) holds one run; leave it out, or train several by "
              + "`drr train drr \(name) \(number!) --run \(options.run)-many`")
        }
        return [options]
      }
      for (name, number, held) in [
        ("--seeds", seeds, group.seeds), ("--splits", splits, group.splits ?? 1),
      ] {
        if let number, !(1...held).contains(number) {
          throw RunError("\(name) is \(number); \(options.run) holds 1 ... \(held)")
        }
      }
      let part = RunGroup(
        seeds: seeds ?? group.seeds, splits: group.splits.map { splits ?? $0 })
      return part.members.map { member in
        var run = options
        run.run += "/\(member.name)"
        return run
      }
    }
  }
}
