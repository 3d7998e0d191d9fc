import Environments
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
    var traces = SessionTraces(layout, Self.configuration(), count: 2)
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
    #expect(traces.values.allSatisfy { $0 == 0 })
  }

  @Test("have the user, the memory, the document and how well both fit") func inputs() throws {
    let world = try InterestEvolution(count: 3, seed: 1)
    let configuration = Self.configuration()
    let (layout, observation) = (world.rows.observation.layout, world.rows.observation)
    let traces = SessionTraces(layout, configuration, count: 3)
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
    inputs.standardize(&rows)
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
}
