import ClickSessions
import DRRCore
import Foundation
import IRecGAN
import Tensor
import TestSupport
import Testing

@Suite("IRecGAN's plan of training")
struct IRecGANTrainerTests {
  private let backend = CPUBackend()

  /// Rates far too large, so that validation rises and falls.
  @Test("a stage ends after so many epochs without a better network, and the best is taken")
  func earlyStopping() throws {
    let (train, validation) = (try SessionWorlds.log(40), try SessionWorlds.log(30, seed: 2))
    let trainer = try SessionWorlds.trainer(
      .pretraining, train: train, validation: validation, on: backend
    ) {
      $0.userTraining = .init(epochs: 30, patience: 2, learningRate: 0.3)
      $0.agentTraining = .init(epochs: 30, patience: 3, learningRate: 0.3)
      $0.averagingRate = 1
    }
    var reports: [IRecGANReport] = []
    // A's likelihood after each epoch but the last, which leaves the best one in its place.
    var likelihoods: [Double] = []
    while !trainer.isFinished {
      guard let report = try trainer.advance() else { continue }
      reports.append(report)
      guard report.stage == "agent", !trainer.isFinished else { continue }
      likelihoods.append(try likelihood(trainer.agent, TrainingSessions(validation)))
    }
    #expect(try likelihood(trainer.agent, TrainingSessions(validation)) == likelihoods.max())
    likelihoods.append(-.infinity)
    for (stage, patience, scores) in [
      ("user model", 2, reports.compactMap(\.user?.reciprocalRank)), ("agent", 3, likelihoods),
    ] {
      #expect(reports.filter { $0.stage == stage }.count == scores.count)
      let best = try #require(scores.max())
      let first = try #require(scores.firstIndex(of: best))
      #expect(scores.count == first + 1 + patience && scores.count < 30, "\(stage) \(scores)")
      #expect(scores[scores.count - 1] < best)
    }
    let user = try trainer.user.scorer("user")
    #expect(
      try reciprocalRank(user, of: validation) == reports.compactMap(\.user?.reciprocalRank).max())
  }

  /// The mean of G log π of the clicks, G the sessions' weights.
  private func likelihood(_ agent: ListAgent, _ sessions: TrainingSessions) throws -> Double {
    let positions = sessions.log.positions(of: 0..<sessions.log.count)
    let logits = try agent.scorer("agent").scores(at: positions[...], of: sessions.log)
    let items = sessions.log.itemCount
    let sum = positions.enumerated().reduce(0.0) { sum, position in
      let row = logits[position.offset * items..<(position.offset + 1) * items].map { Double($0) }
      let step = position.element.step
      let normalizer = log(row.reduce(0) { $0 + exp($1) })
      return sum + Double(sessions.agentWeights[step])
        * (row[Int(sessions.log.clicks[step])] - normalizer)
    }
    return sum / Double(positions.count)
  }

  @Test("the best is a copy that further training leaves as it is")
  func bestIsACopy() throws {
    let (train, validation) = (try SessionWorlds.log(40), try SessionWorlds.log(30, seed: 2))
    let trainer = try SessionWorlds.trainer(
      .pretraining, train: train, validation: validation, on: backend
    ) { $0.userTraining = .init(epochs: 5, patience: 0, learningRate: 0.3) }
    while trainer.best.user == nil { _ = try trainer.advance() }
    let best = try #require(trainer.best.user)
    let kept = try best.weights.host()
    for _ in 0..<3 {
      _ = try trainer.advance()
      #expect(try best.weights.host() == kept)
      #expect(try trainer.user.weights.host() != kept)
    }
  }

  @Test("the last networks, or the best")
  func choice() throws {
    let (train, validation) = (try SessionWorlds.log(40), try SessionWorlds.log(30, seed: 2))
    for choice in [CheckpointChoice.last, .best] {
      let trainer = try SessionWorlds.trainer(
        .method(.irecgan), train: train, validation: validation, on: backend
      ) {
        $0.choice = choice
        $0.agentLearningRate = 0.3
        $0.userLearningRate = 1
        $0.rounds = 6
        $0.averagingRate = 1
      }
      let returns = TrainingSessions(validation, discount: 0.9, rewardWeight: 1)
      var reports: [IRecGANReport] = []
      var likelihoods: [Double] = []
      while !trainer.isFinished {
        guard let report = try trainer.advance() else { continue }
        reports.append(report)
        guard report.agent != nil, !trainer.isFinished else { continue }
        likelihoods.append(try likelihood(trainer.agent, returns))
      }
      let scores = reports.compactMap(\.user?.reciprocalRank)
      #expect(scores.count == 6 && scores.last != scores.max())
      let expected = choice == .last ? scores.last : scores.max()
      let user = try trainer.user.scorer("user")
      #expect(try reciprocalRank(user, of: validation) == expected, "\(choice) \(scores)")
      if choice == .best {
        #expect(try likelihood(trainer.agent, returns) == likelihoods.max())
      } else {
        let agent = trainer.agent.scorer("agent")
        #expect(
          try reciprocalRank(agent, of: validation)
            == reports.compactMap(\.agent?.reciprocalRank).last
        )
        #expect(likelihoods.count == 6 && likelihoods.last != likelihoods.max())
        #expect(try likelihood(trainer.agent, returns) == likelihoods.last)
      }
    }
  }

  @Test("without validation sessions all epochs are done and the last networks stay")
  func withoutValidation() throws {
    let train = try SessionWorlds.log(20)
    let trainer = try SessionWorlds.trainer(
      .pretraining, train: train, validation: train.selecting([]), on: backend
    ) {
      $0.userTraining.patience = 1
      $0.agentTraining.patience = 1
      $0.userTraining.epochs = 4
    }
    let reports = try trainer.finish()
    #expect(reports.map(\.stage) == Array(repeating: "user model", count: 4) + ["agent", "agent"])
    #expect(reports.allSatisfy { $0.user == nil && $0.agent == nil })
    #expect(try trainer.user.weights.host() == trainer.userTraining.average.host())
    let method = try SessionWorlds.trainer(
      .method(.irecgan), train: train, validation: train.selecting([]), on: backend)
    method.begin(from: trainer)
    #expect(try method.finish().count == 1 + 2 * (2 + 1))
    #expect(try method.agent.weights.host() == method.agentTraining.average.host())
  }

  @Test("D learns below the ceiling and rests above it")
  func ceiling() throws {
    let train = try SessionWorlds.log(60)
    let trainer = try SessionWorlds.trainer(
      .method(.irecgan), train: train, validation: train.selecting([]), on: backend
    ) {
      $0.batchSize = 2
      $0.accuracyCeiling = 0.7
      $0.discriminatorTraining = .init(epochs: 12, patience: 0, learningRate: 3e-2)
      $0.discriminator.dropout = 0
      $0.rounds = 0
    }
    var (learned, rested) = (0, 0)
    while !trainer.isFinished {
      let (isResting, before) = (trainer.isResting, try trainer.discriminator.weights.host())
      _ = try trainer.advance()
      #expect(try (trainer.discriminator.weights.host() == before) == isResting)
      if isResting { rested += 1 } else { learned += 1 }
    }
    #expect(learned >= 8 && rested >= 8, "\(learned) \(rested)")
  }

  @Test("fewer sessions than a round is divided into")
  func fewSessions() throws {
    let log = try SessionWorlds.log(30)
    let long = (0..<log.count).filter { log.steps(of: $0).count > 1 }.prefix(2)
    for method in IRecGANMethod.allCases {
      let trainer = try SessionWorlds.trainer(
        .method(method), train: log.selecting(long), validation: log, on: backend
      ) {
        $0.refreshes = 5
        $0.batchSize = 1
      }
      let reports = try trainer.finish()
      #expect(reports.filter { $0.stage == "generator" }.count == 10, "\(method)")
      #expect(reports.allSatisfy { $0.loss.isFinite })
      #expect(trainer.progress.done == trainer.progress.total)
    }
  }

  /// Sessions that end at their start, some of them in batches of their own.
  @Test("sessions without a click")
  func withoutClicks() throws {
    var log = SessionLog(name: "short", format: "", checksum: "", itemCount: 4)
    for session in 0..<9 {
      log.addStep(click: Int32(session % 4))
      if session == 4 { log.addStep(click: 1, list: [0, 1, 2]) }
      log.endSession(ended: session % 2 == 0)
    }
    for part in [IRecGANTrainer.Part.pretraining, .method(.irecgan), .method(.ac)] {
      let trainer = try SessionWorlds.trainer(part, train: log, validation: log, on: backend) {
        $0.batchSize = 1
      }
      #expect(try trainer.finish().allSatisfy { $0.loss.isFinite }, "\(part.name)")
      #expect(try trainer.isFinite())
    }
  }

  @Test("settings that do not fit the sessions are refused")
  func refused() throws {
    let log = try SessionWorlds.log(80)
    func message(
      _ log: SessionLog, _ change: (inout IRecGANConfiguration) -> Void
    ) -> String? {
      do {
        _ = try SessionWorlds.trainer(
          .pretraining, train: log, validation: log, on: backend, change)
        return nil
      } catch { return "\(error)" }
    }
    #expect(
      message(log) { $0.listSize = 13 }
        == "list size is 13, but the catalogue has 12 items; it must be no more")
    #expect(
      message(log) { $0.longestSession = 4 }
        == "longest session is 4, but random has one of 5 steps; it must be that or more")
    #expect(
      message(log.selecting([])) { _ in } == "random: no session has a click to predict")
    #expect(
      message(log) { $0.accuracyCeiling = 0.5 }
        == "accuracy ceiling is 0.5; it must be above 0.5 and at most 1")
    #expect(message(log) { _ in } == nil)
  }

  @Test("a person is told when the adversary has won or the policy has collapsed")
  func health() {
    func shape(lengths: [Int]) -> SessionShape {
      var log = SessionLog(name: "made", format: "", checksum: "", itemCount: 3)
      for length in lengths {
        for _ in 0..<length { log.addStep(click: 1, list: [1]) }
        log.endSession(ended: true)
      }
      return SessionShape(log)
    }
    func warnings(_ change: (inout IRecGANReport) -> Void) -> [String] {
      var report = IRecGANReport(part: "irecgan", loss: 1)
      (report.realness, report.distinctItems) = (0.3, 40)
      report.simulated = shape(lengths: [3, 3])
      change(&report)
      return report.warnings(listSize: 10, itemCount: 50)
    }
    #expect(warnings { _ in }.isEmpty)
    #expect(warnings { $0.realness = 0.05 }.isEmpty)
    let won = warnings { $0.realness = 0.0123 }
    #expect(won.count == 1 && won[0].contains("0.0123: the discriminator has won"))
    let collapsed = warnings { $0.distinctItems = 19 }
    #expect(
      collapsed == [
        "the agent's lists consist of 19 different items of 50: the policy has collapsed"
      ])
    #expect(warnings { $0.distinctItems = 20 }.isEmpty)
    let short = warnings { $0.simulated = shape(lengths: [1, 2, 1, 1]) }
    #expect(
      short == ["simulated sessions have 1.25 steps: the user model leaves at once"])
  }
}
