import DRRTestSupport
import Environments
import Foundation
import Tensor
import TestSupport
import Testing

/// Traces of RecSim 0.2.4 with the draws that made them (`Tests/Golden/worlds.py`), step by step.
@Suite("Worlds against their original programs")
struct GoldenWorldTests {
  /// Rows of a golden array.
  private struct Rows {
    let values: [Double]
    let width: Int

    init(_ golden: GoldenCase, _ name: String) throws {
      values = try golden(name)
      width = values.count / (try golden.shape(name))[0]
    }

    subscript(row: Int) -> [Double] { Array(values[row * width..<(row + 1) * width]) }
    var count: Int { values.count / width }
  }

  private static func close(_ a: Double, _ b: Double) -> Bool {
    abs(a - b) <= 1e-12 * max(1, abs(a), abs(b))
  }

  @Test("long-term satisfaction", arguments: ["satisfaction", "satisfaction-sensitive"])
  func satisfaction(_ name: String) throws {
    let golden = try Golden.load(name)
    var settings = LongTermSatisfaction.Settings()
    if name != "satisfaction" { (settings.sensitivity, settings.chocDeviation) = (0.3, 0.4) }
    let (users, documents) = (try Rows(golden, "users"), try Rows(golden, "documents"))
    let (draws, slates) = (try Rows(golden, "normals"), try golden.int32s("slates"))
    let rewards = try golden("rewards")
    #expect(rewards.count == settings.timeBudget && users[0][2] == 60 && users[60][2] == 0)
    var (exposure, satisfaction) = (users[0][0], users[0][1])
    for step in rewards.indices {
      let response = settings.respond(
        exposure, satisfaction: satisfaction, temptation: documents[step][Int(slates[2 * step])],
        draws: (draws[step][0], draws[step][1]))
      exposure = response.exposure
      satisfaction = 1 / (1 + exp(-settings.sensitivity * exposure))
      #expect(Self.close(response.engagement, rewards[step]), "step \(step)")
      #expect(
        Self.close(exposure, users[step + 1][0]) && Self.close(satisfaction, users[step + 1][1]))
    }
  }

  @Test("interest evolution", arguments: ["evolution", "evolution-logit"])
  func evolution(_ name: String) throws {
    let golden = try Golden.load(name)
    var settings = InterestEvolution.Settings()
    if name != "evolution" {
      settings.slates.slate = 3
      settings.choice = .multinomialLogit(noClick: 0.5)
      (settings.settledInterest, settings.drift) = (1.2, 0.6)
      (settings.userFactor, settings.qualityFactor) = (0.7, 0.8)
      (settings.timeBudget, settings.stepPenalty, settings.length) = (60, 2, 3.5)
      settings.reward = .clicks
    }
    let (users, documents) = (try Rows(golden, "users"), try Rows(golden, "documents"))
    let (draws, slates) = (try Rows(golden, "uniforms"), try golden.int32s("slates"))
    let (rewards, clicks) = (try golden("rewards"), try golden.int32s("clicks"))
    let ended = try golden.int32s("ended")
    let size = settings.slates.slate
    var user = InterestEvolution.User(
      interests: Array(users[0].prefix(20)), budget: settings.timeBudget)
    #expect(users[0][20] == settings.timeBudget)
    var scores = [Double](repeating: 0, count: size + 1)
    for step in rewards.indices {
      let shown = slates[step * size..<(step + 1) * size].map {
        InterestEvolution.Document(
          topic: Int(documents[step][2 * Int($0)]), quality: documents[step][2 * Int($0) + 1])
      }
      let response = settings.respond(
        &user, to: shown, &scores, choice: draws[step][0], flip: draws[step][1])
      #expect(response.click ?? -1 == Int(clicks[step]), "step \(step)")
      let reward = settings.reward == .clicks ? response.click == nil ? 0 : 1 : response.watched
      #expect(Self.close(reward, rewards[step]), "step \(step)")
      #expect(zip(user.interests, users[step + 1]).allSatisfy { Self.close($0, $1) })
      #expect(Self.close(user.budget, users[step + 1][20]), "step \(step)")
      #expect((user.budget <= 0) == (ended[step] == 1))
    }
    #expect(ended.last == 1)
  }

  @Test("topics of interest evolution have RecSim's mean qualities")
  func qualities() throws {
    let means = try Golden.load("evolution")("means")
    let ours = InterestEvolution.Settings().topicQualities
    #expect(ours.count == 20 && zip(ours, means).allSatisfy { Self.close($0, $1) })
  }

  @Test("interest exploration") func exploration() throws {
    let golden = try Golden.load("exploration")
    let settings = InterestExploration.Settings()
    let (users, documents) = (try Rows(golden, "users"), try Rows(golden, "documents"))
    let (draws, slates) = (try golden("uniforms"), try golden.int32s("slates"))
    let clicks = try golden.int32s("clicks")
    var scores = [Double](repeating: 0, count: 3)
    for step in clicks.indices {
      let shown = slates[2 * step..<2 * step + 2].map {
        (Int(documents[step][2 * Int($0)]), documents[step][2 * Int($0) + 1])
      }
      let click = settings.respond(users[step][...], to: shown, &scores, choice: draws[step])
      #expect(click ?? -1 == Int(clicks[step]), "step \(step)")
    }
    #expect(Set(clicks).count == 3)
  }

  @Test("choice models") func choices() throws {
    let golden = try Golden.load("choice")
    let scores = try golden("scores")
    let models: [(String, ChoiceModel)] = [
      ("logit", .multinomialLogit(noClick: 0.4)),
      ("proportional", .proportional(noClick: 1, minimum: -1)),
      ("cascade", .exponentialCascade(attention: 0.65, scaling: 0.3)),
    ]
    for (name, model) in models {
      let expected = try golden(name)
      let found = model.probabilities(scores)
      #expect(found.count == 5 && zip(found, expected).allSatisfy { Self.close($0, $1) }, "\(name)")
    }
  }

  @Test("VirtualTaobao's networks, to single precision") func taobao() throws {
    try RealData.with("virtual-taobao.safetensors") { path in
      let networks = try VirtualTaobaoNetworks(contentsOf: path)
      let golden = try Golden.load("taobao")
      let (seeds, users) = (try Rows(golden, "z"), try golden.int32s("user"))
      let (probabilities, actions) = (
        try Rows(golden, "userProbabilities"), try Rows(golden, "action")
      )
      let (pages, responses) = (try golden("page"), try Rows(golden, "actionLogits"))
      let leaving = try Rows(golden, "leaveLogits")
      func compare(_ found: [Float], _ expected: [Double], _ tolerance: Double) {
        let size = expected.map { abs($0) }.max()!
        #expect(found.count == expected.count)
        for (a, b) in zip(found, expected) { #expect(abs(Double(a) - b) <= tolerance * size) }
      }
      for row in pages.indices {
        let logits = networks.user(seeds[row].map { Float($0) })
        var first = 0
        for size in VirtualTaobao.groups {
          let part = logits[first..<first + size].map { Double($0) }
          let most = part.max()!
          let weights = part.map { exp($0 - most) }
          let sum = weights.reduce(0, +)
          compare(
            weights.map { Float($0 / sum) }, Array(probabilities[row][first..<first + size]), 1e-4)
          first += size
        }
        let user = users[row * 88..<(row + 1) * 88].map { Float($0) }
        compare(
          networks.response(user, page: Float(pages[row]), actions[row].map { Float($0) }),
          responses[row], 1e-5)
        compare(networks.leaving(user), leaving[row], 1e-5)
      }
    }
  }
}
