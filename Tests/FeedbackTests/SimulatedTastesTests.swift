import DRR
import DRRData
import Feedback
import Kernels
import Testing

@Suite("Simulated tastes") struct SimulatedTastesTests {
  @Test(
    "every scale has ratings to give, whose chances sum to 1",
    arguments: [
      (1...5, 5), (0.5...5, 5), (0.2...0.8, 11), (0...0.9, 11), (0...1, 2), (-3e38...3e38, 11),
      (0...1e9, 11),
    ] as [(ClosedRange<Float>, Int)])
  func scales(_ range: ClosedRange<Float>, _ count: Int) throws {
    let log = RatingsLog(
      name: "scale", ratingRange: range, users: [0, 0, 1, 1], items: [0, 1, 0, 1],
      ratings: [range.lowerBound, range.upperBound, range.upperBound, range.lowerBound])
    let tastes = try SimulatedTastes(log, noise: 1, seed: 0, on: CPUBackend())
    #expect(tastes.levels.count == count)
    #expect(tastes.levels.allSatisfy { range.contains($0) })
    guard range.upperBound < 1e9 else { return }
    let chances = tastes.chances(user: 0, item: 1)
    #expect(abs(chances.reduce(0, +) - 1) < 1e-9)
    #expect(range.contains(tastes.rating(user: 0, item: 1, 0.999_999)))
  }
}
