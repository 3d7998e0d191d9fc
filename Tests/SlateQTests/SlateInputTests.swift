import Environments
import Foundation
import SlateQ
import Testing

/// What the networks see, against what the world shows, added up again.
@Suite("Inputs and memories of SlateQ")
struct SlateInputTests {
  private static func configuration() -> SlateQConfiguration {
    var configuration = SlateQConfiguration()
    configuration.decays = [0, 0.5, 1]
    configuration.remembersDocuments = true
    return configuration
  }

  @Test("fade as their decays say") func traces() throws {
    let world = try InterestEvolution(count: 2, seed: 3)
    let layout = world.rows.observation.layout
    var traces = EpisodeMemory(layout, Self.configuration(), count: 2)
    let width = 1 + layout.response + layout.document
    #expect(traces.row(0).count == 3 * width)
    var steps: [[Float]] = []
    for number in 0..<4 {
      let response = (0..<layout.response).map { Float(number * 10 + $0) }
      let document = (0..<layout.document).map { Float($0 == number ? 1 : 0) }
      let isNone = number == 2
      traces.add(1, chosen: isNone ? nil : (response[...], document[...]))
      steps.append(
        [1] + (isNone ? Array(repeating: 0, count: width - 1) : response + document))
    }
    for (place, decay) in [Float(0), 0.5, 1].enumerated() {
      for number in 0..<width {
        let wanted = steps.enumerated().reduce(Float(0)) { sum, step in
          let faded = (0..<3 - step.offset).reduce(Float(1)) { product, _ in product * decay }
          return sum + faded * step.element[number]
        }
        let row = Array(traces.row(1))
        #expect(row[place * width + number] == wanted)
      }
    }
    #expect(traces.row(0).allSatisfy { $0 == 0 })
    traces.clear(1)
    #expect(traces.sums.allSatisfy { $0 == 0 })
  }

  @Test("have the user, the memory, the document and how well both fit") func inputs() throws {
    let world = try InterestEvolution(count: 3, seed: 1)
    let configuration = Self.configuration()
    let (layout, observation) = (world.rows.observation.layout, world.rows.observation)
    let traces = EpisodeMemory(layout, configuration, count: 3)
    let inputs = SlateInputs(layout, configuration)
    let state = 20 + 3 * (1 + 5 + 20)
    #expect(inputs.width == state + 20 + 2)
    var written = [Float](repeating: .nan, count: 3 * 11 * inputs.width)
    inputs.write(observation, traces, into: &written)
    for row in 0..<3 {
      for candidate in 0...10 {
        let start = (row * 11 + candidate) * inputs.width
        let found = Array(written[start..<start + inputs.width])
        #expect(Array(found[..<20]) == Array(observation.user(row)))
        let isNone = candidate == 10
        let document: [Float] =
          isNone ? Array(repeating: 0, count: 20) : Array(observation.document(row, candidate))
        #expect(Array(found[state..<state + 20]) == document)
        let dot = zip(observation.user(row), document).reduce(Float(0)) { $0 + $1.0 * $1.1 }
        let flag: Float = isNone ? 1 : 0
        #expect(found[state + 20] == flag)
        #expect(found[state + 21] == dot)
      }
    }
  }

  @Test("are of mean 0 and deviation 1, the documents left as they are") func scales() throws {
    let layout = try LongTermSatisfaction(count: 1, seed: 1).rows.observation.layout
    var inputs = SlateInputs(layout, SlateQConfiguration())
    // Three of the memory, one of the document, and the flag.
    #expect(inputs.width == 5)
    var rows: [Float] = [1, 10, 7, 5, 0, 3, 30, 7, 6, 0, 5, 20, 7, 7, 1]
    var past: [Float] = []
    inputs.standardize(&rows, &past)
    for place in 0..<2 {
      let column = (0..<3).map { rows[$0 * 5 + place] }
      let (sum, squares) = (column.reduce(0, +), column.reduce(0) { $0 + $1 * $1 })
      #expect(abs(sum) < 1e-5)
      #expect(abs(squares - 3) < 1e-4)
    }
    // What never changes is taken to 0, and not divided by 0.
    let (constant, documents) = ((0..<3).map { rows[$0 * 5 + 2] }, (0..<3).map { rows[$0 * 5 + 3] })
    #expect(constant == [0, 0, 0])
    #expect(documents == [5, 6, 7])
  }

  /// Random slates, whose steps are noted beside.
  @Test("the latest steps are what was chosen and the response, in their order")
  func steps() throws {
    var configuration = SlateQConfiguration()
    configuration.window = 3
    var world = try InterestEvolution(count: 4, seed: 11)
    let layout = world.rows.observation.layout
    var memory = EpisodeMemory(layout, configuration, count: 4)
    let width = 1 + layout.response + layout.document
    var noted = [[[Float]]](repeating: [], count: 4)
    memory.take(world.rows)
    for number in Int32(0)..<6 {
      var slates: [Int32] = []
      for row in Int32(0)..<4 {
        let first = (row + number) % 10
        slates += [first, (first + 3) % 10]
      }
      let before = world.rows.observation
      memory.show(slates, of: before)
      world.step(slates)
      memory.take(world.rows)
      for row in 0..<4 {
        let responses = (0..<2).map { Array(world.rows.observation.response(row, $0)) }
        var step = [Float](repeating: 0, count: width)
        step[0] = 1
        if let place = responses.firstIndex(where: { $0[0] == 1 }) {
          let document = before.document(row, Int(slates[row * 2 + place]))
          step = [1] + responses[place] + document
        }
        noted[row].append(step)
        let wanted: [Float] = Array(noted[row].suffix(3).joined())
        let zeros = [Float](repeating: 0, count: 3 * width - wanted.count)
        let length = 3 * width
        #expect(Array(memory.steps[row * length..<(row + 1) * length]) == zeros + wanted)
      }
    }
    #expect(noted.joined().contains { $0[1...].allSatisfy { $0 == 0 } })
    #expect(noted.joined().contains { $0[1] == 1 })
    memory.clear(2)
    let cleared = memory.steps[2 * 3 * width..<3 * 3 * width]
    #expect(cleared.allSatisfy { $0 == 0 })
  }

  @Test("steps are scaled by those that were taken alone") func stepScales() throws {
    let layout = try LongTermSatisfaction(count: 1, seed: 1).rows.observation.layout
    var configuration = SlateQConfiguration()
    configuration.window = 2
    var inputs = SlateInputs(layout, configuration)
    #expect(inputs.stepWidth == 4)
    var rows = [Float](repeating: 1, count: 2 * inputs.width)
    // Two users: nothing and a step; two steps.
    var past: [Float] = [0, 0, 0, 0, 1, 3, 8, 5] + [1, 1, 2, 5, 1, 5, 5, 5]
    inputs.standardize(&rows, &past)
    #expect(past[0..<4].allSatisfy { $0 == 0 })
    let flags = [past[4], past[8], past[12]]
    #expect(flags == [1, 1, 1])
    let first = [past[5], past[9], past[13]]
    let last = [past[7], past[11], past[15]]
    #expect(abs(first.reduce(0, +)) < 1e-5)
    #expect(abs(first.reduce(0) { $0 + $1 * $1 } - 3) < 1e-4)
    #expect(last == [0, 0, 0])
  }

  @Test("settings of programs that knew SlateQ alone are read as they were meant")
  func olderSettings() throws {
    var settings = SlateQConfiguration()
    settings.hidden = 17
    var fields = try #require(
      JSONSerialization.jsonObject(with: JSONEncoder().encode(settings)) as? [String: Any])
    for name in ["learner", "window", "units", "entropyWeight", "weightCap"] {
      #expect(fields.removeValue(forKey: name) != nil)
    }
    let old = try JSONSerialization.data(withJSONObject: fields)
    #expect(try JSONDecoder().decode(SlateQConfiguration.self, from: old) == settings)
    // And what is written now comes back.
    var other = SlateQConfiguration(.pg)
    (other.window, other.units, other.weightCap) = (3, 5, 1.5)
    let again = try JSONDecoder().decode(
      SlateQConfiguration.self, from: JSONEncoder().encode(other))
    #expect(again == other)
  }
}
