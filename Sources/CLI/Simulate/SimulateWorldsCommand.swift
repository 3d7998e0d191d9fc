import ArgumentParser
import DRR

extension SimulateCommand {
  struct Worlds: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "worlds",
      abstract: "List the public worlds of simulated users: what is seen, chosen and earned.",
      usage: "drr simulate worlds [<options>]",
      discussion: """
        Examples:
          drr simulate worlds
          drr simulate worlds --json
        """)
    @OptionGroup var output: OutputOptions

    private struct World: Encodable {
      var name: String
      /// Numbers of a user, documents, numbers of one, documents shown, numbers of a response.
      var layout: WorldObservation.Layout
      var seen: String
      var hidden: String
      var action: String
      var reward: String
      var source: String
      var settings: (any Encodable)?

      enum CodingKeys: CodingKey {
        case name, layout, seen, hidden, action, reward, source, settings
      }

      func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(name, forKey: .name)
        try fields.encode(layout, forKey: .layout)
        try fields.encode(seen, forKey: .seen)
        try fields.encode(hidden, forKey: .hidden)
        try fields.encode(action, forKey: .action)
        try fields.encode(reward, forKey: .reward)
        try fields.encode(source, forKey: .source)
        if let settings { try settings.encode(to: fields.superEncoder(forKey: .settings)) }
      }

      var text: String {
        """
        \(name)
          seen    \(seen)
          hidden  \(hidden)
          action  \(action)
          reward  \(reward)
          source  \(source)
        """
      }
    }

    func run() throws {
      let recsim = "Ie et al. 2019, step for step as RecSim 0.2.4"
      let satisfaction = LongTermSatisfaction.Settings()
      let evolution = InterestEvolution.Settings()
      let exploration = InterestExploration.Settings()
      func slate(_ slates: SlateSettings) -> String {
        "a slate of \(slates.slate) of \(slates.candidates) documents, new ones at every step"
      }
      let worlds = [
        World(
          name: LongTermSatisfaction.name,
          layout: try LongTermSatisfaction(count: 1, seed: 0).rows.observation.layout,
          seen: "the temptation of each document; click and engagement, up to 100",
          hidden: "exposure, satisfaction, steps left", action: slate(satisfaction.slates),
          reward: "engagement, lognormal, for \(satisfaction.timeBudget) steps", source: recsim,
          settings: satisfaction),
        World(
          name: InterestEvolution.name,
          layout: try InterestEvolution(count: 1, seed: 0).rows.observation.layout,
          seen: "interest in each topic; the topic of each document; click, minutes watched, "
            + "liked, quality, topic",
          hidden: "minutes left, quality of what is not shown", action: slate(evolution.slates),
          reward: "minutes watched, until the time is used up", source: recsim,
          settings: evolution),
        World(
          name: InterestExploration.name,
          layout: try InterestExploration(count: 1, seed: 0).rows.observation.layout,
          seen: "topic and quality of each document; click, quality, topic",
          hidden: "affinity to each topic", action: slate(exploration.slates),
          reward: "clicks, for \(exploration.stepLimit) steps", source: recsim,
          settings: exploration),
        World(
          name: VirtualTaobao.name, layout: VirtualTaobao.layout,
          seen: "\(VirtualTaobao.layout.user) numbers: one-hot features of the user, the last "
            + "response, pages so far",
          hidden: "pages of the session",
          action: "\(VirtualTaobao.actionWidth) numbers within -1 ... 1",
          reward: "clicks on a page, 0 ... \(VirtualTaobao.pageClicks), until the user leaves",
          source: "Shi et al. 2019, with its authors' weights, a file (--weights)", settings: nil),
      ]
      try output.print(worlds, worlds.map(\.text).joined(separator: "\n"))
    }
  }
}
