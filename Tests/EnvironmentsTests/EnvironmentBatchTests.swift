import DRRData
import DRRTestSupport
import Environments
import Tensor
import TestSupport
import Testing

@Suite("Environments that step together")
struct EnvironmentBatchTests {
  private static func environment() throws -> RatingEnvironment {
    let split = UserSplit(Worlds.tiny, EvaluationProtocol())
    return try RatingEnvironment(
      log: Worlds.tiny, split: split, model: Worlds.model(Worlds.tiny, dimension: 4),
      statistics: ItemStatistics(Worlds.tiny, split, scale: .fiveStars), window: 3,
      sessionLength: 6, scale: .fiveStars, seed: 2)
  }

  @Test("each goes as it would alone, and the next session is the next that nobody has")
  func alone() throws {
    let count = 5
    let single = try Self.environment()
    var batch = EnvironmentBatch(single, count: count)
    var singles = (0..<count).map { episode in
      var one = single
      one.reset(episode: episode)
      return one
    }
    #expect(batch.begun == count && batch.episodes == [0, 1, 2, 3, 4])
    var random = SeededGenerator(4)
    for number in 1...20 {
      let items = singles.map { one in
        (0..<Int32(120)).filter { one.allowed[0, Int($0)] }.randomElement(using: &random)!
      }
      let steps = batch.step(items)
      for row in 0..<count {
        let step = singles[row].step(items[row])
        #expect(steps[row].observation == step.observation && steps[row].reward == step.reward)
        #expect(steps[row].isLast == step.isLast && step.isLast == (number % 6 == 0))
        if step.isLast { singles[row].reset(episode: number / 6 * count + row) }
        #expect(batch.states[row] == singles[row].state)
        for item in 0..<120 {
          #expect(batch.allowed[row, item] == singles[row].allowed[0, item])
        }
      }
    }
    #expect(batch.begun == 4 * count && batch.episodes == [15, 16, 17, 18, 19])
  }
}
