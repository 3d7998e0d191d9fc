import ArgumentParser
import DRR

extension BanditCommand {
  struct Exhibition: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "exhibition", abstract: "A mobile guide recommends exhibits to visitors.",
      discussion: """
        Visitors have tastes, patience and tired legs, and other visitors crowd before the exhibits. \
        Guides personalise by the user, the recommender's own state, the crowd, the context and the \
        environment. The oracle knows what each exhibit is worth to the visitor now.

        Policies: \(ExhibitionProblem.policies.joined(separator: ", "))

        Examples:
          drr bandit exhibition --seeds 10
          drr bandit exhibition --ablation --crowd 240 --json
        """)
    @Option(help: "Number of rooms. (default: 6)")
    var rooms: Int?
    @Option(help: "Exhibits in each. (default: 4)")
    var exhibits: Int?
    @Option(help: "Other visitors at the fullest hour. (default: 120)")
    var crowd: Int?
    @Flag(help: "Play LinUCB without each part of the features, and with nothing but it.")
    var ablation = false
    @OptionGroup var options: BanditOptions<ExhibitionProblem>

    func validate() throws {
      if ablation, !options.policy.isEmpty {
        throw ValidationError("--ablation names its own policies; leave --policy out.")
      }
    }

    private struct Result: Encodable {
      var report: BanditReport
      var gains: [BanditGain]
    }

    func run() throws {
      let usual = ablation ? ExhibitionProblem.ablation : ExhibitionProblem.usualPolicies
      let experiment = try options.play(usualPolicies: usual) { begun in
        var problem = begun ?? ExhibitionProblem()
        if let rooms { problem.rooms = rooms }
        if let exhibits { problem.exhibitsPerRoom = exhibits }
        if let crowd { problem.crowd = crowd }
        return problem
      }
      let report = BanditReport(experiment)
      var gains: [BanditGain] = []
      for part in PersonalisationPart.allCases {
        gains += [
          BanditGain(of: "linucb", over: "no-\(part.rawValue)", in: experiment),
          BanditGain(of: "only-\(part.rawValue)", over: "random", in: experiment),
        ].compactMap { $0 }
      }
      let rows = gains.map { gain in
        [
          "\(gain.policy) over \(gain.over)", gain.reward.text(4),
          gain.figures["satisfaction a visit"]?.text(3) ?? "–",
        ]
      }
      let header = ["gain, paired by seeds", "mean reward", "satisfaction per visit"]
      try options.finish(
        report, json: Result(report: report, gains: gains),
        rows.isEmpty ? [] : ["", Table(rows: [header] + rows).text])
    }
  }
}
