import ArgumentParser
import DRR

extension BanditCommand {
  struct Ads: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "ads", abstract: "Ads in order: click-through rate × payment, learned.",
      discussion: """
        With --continuation the user leaves at a click, and behind an ad without one looks at the next \
        with that probability: the best order falls by p v / (1 − γ (1 − p)), which for γ = 1 is the \
        payment alone. With --examination each place is looked at with a probability of its own: \
        the best order falls by p v.

        Policies: \(AdProblem.policies.joined(separator: ", "))

        Examples:
          drr bandit ads --rates 0.1,0.05,0.3 --payments 3,8,1 --places 2
          drr bandit ads --examination 1,0.6,0.3
        """)
    @Option(help: "Click rates of the ads. (default: 0.1,0.05,0.3,0.2,0.02,0.15)")
    var rates: String?
    @Option(help: "Payment for a click on each. (default: 3,8,1,2,20,1.5)")
    var payments: String?
    @Option(help: "Number of ads shown. (default: 3)")
    var places: Int?
    @Option(
      help: "γ: behind an ad without a click, the probability of the next look. (default: 0.8)")
    var continuation: Double?
    @Option(help: "The probability of a look at each place, as 1,0.6,0.3.")
    var examination: String?
    @OptionGroup var options: BanditOptions<AdProblem>

    func validate() throws {
      if continuation != nil, examination != nil {
        throw ValidationError(
          "--continuation and --examination exclude each other; leave one of them out.")
      }
    }

    private struct Result: Encodable {
      var report: BanditReport
      /// Numbers of ads from 1.
      var bestList: [Int]
      var bestRevenue: Double
    }

    func run() throws {
      let experiment = try options.play { begun in
        var problem =
          begun
          ?? AdProblem(
            rates: [0.1, 0.05, 0.3, 0.2, 0.02, 0.15], payments: [3, 8, 1, 2, 20, 1.5], places: 3,
            model: .cascade(continuation: 0.8))
        if let rates { problem.rates = try numbers(rates, "--rates") }
        if let payments { problem.payments = try numbers(payments, "--payments") }
        if let places { problem.places = places }
        if let continuation { problem.model = .cascade(continuation: continuation) }
        if let examination {
          problem.model = .positions(examination: try numbers(examination, "--examination"))
        }
        return problem
      }
      let (report, problem) = (BanditReport(experiment), experiment.configuration.problem)
      let best = problem.bestList
      let revenue = problem.model.revenue(
        best, rates: problem.rates, payments: problem.payments)
      let names = best.map { "\($0 + 1)" }
      try options.finish(
        report,
        json: Result(report: report, bestList: best.map { $0 + 1 }, bestRevenue: revenue),
        ["best order: ads \(names.joined(separator: ", ")), worth \(decimal(revenue, 4)) a list"])
    }
  }
}
