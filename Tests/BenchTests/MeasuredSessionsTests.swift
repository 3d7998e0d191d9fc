import Benchmarks
import DRR
import Testing

@Suite("The sessions that IRecGAN is measured on")
struct MeasuredSessionsTests {
  @Test(
    "they are as long as is said, and show the click among as many different items",
    arguments: IRecGANPreset.allCases)
  func shape(preset: IRecGANPreset) {
    let measured = MeasuredSessions(preset: preset, sessions: 2_000)
    let log = measured.log()
    #expect(log.count == 2_000 && log.longestSession <= measured.longestSession)
    for session in 0..<log.count {
      let steps = log.steps(of: session)
      #expect(log.ended[session] == (steps.count < measured.longestSession))
      for step in steps.dropFirst() {
        let list = log.list(of: step)
        #expect(Set(list).count == measured.listSize && list.contains(log.clicks[step]))
      }
    }
    // Two clicks and 0.8 more in the mean, with deviation 1.2; or five in nineteen of twenty.
    let mean = Double(log.stepCount) / Double(log.count)
    #expect(abs(mean - (preset == .paper ? 2.8 : 4.9)) < 0.1)
    #expect(log.clicks.allSatisfy { (0..<log.end).contains($0) })
    #expect(measured.log().clicks == log.clicks)
  }
}
