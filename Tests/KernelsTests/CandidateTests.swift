import Kernels
import TestSupport
import Testing

@Suite struct CandidateTests {
  /// A candidate's score is the same to the bit wherever it stands, so that equal ones are level.
  @Test(arguments: TestDevices.all)
  func repeatedCandidatesScoreTheSame(_ device: TestDevice) throws {
    let backend = try device.make()
    var generator = SeededGenerator(61)
    let (n, e) = (150, 37)
    let run = OpRun(
      [
        .input("action", generator.floats(e)), .input("items", generator.floats(3 * e)),
        .input("rows", (0..<Int32(n)).map { $0 % 3 }), .output("scores", n),
      ], on: backend)
    let a = run.arguments
    backend.candidateScores(
      a["action"], a[indices: "rows"], a["items"], b: 1, w: n, first: 0, e: e, absent: 0,
      into: a["scores"])
    let scores = try backend.read(a["scores"])
    #expect(Set(scores).count == 3)
    for c in 3..<n { #expect(scores[c] == scores[c - 3], "candidate \(c)") }
  }

  /// Misuse stops the program with the op and what does not fit.
  @Test(arguments: TestDevices.all.map(\.name), CandidateMisuse.allCases)
  fileprivate func misuseTrapsWithItsReason(_ name: String, _ misuse: CandidateMisuse) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [name, misuse] in
      misuse.call(on: try TestDevices.present.first { $0.name == name }!.make())
    }
    let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(message.contains(misuse.rawValue), "\(message)")
  }

  /// A row that the table lacks.
  @Test func rowsPastTheTableTrap() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let backend = CPUBackend()
      let view = Floats(backend.allocate(6))
      let rows = Indices(backend.allocate(1))
      backend.write([3], to: rows)
      backend.candidateScores(
        view[0..<2], rows, view, b: 1, w: 1, first: 0, e: 2, absent: 0, into: view[0..<1])
    }
    let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(message.contains("candidateScores: row 3 of a table of 3"), "\(message)")
  }
}

/// Calls that do not fit, by the reason that each is to give.
private enum CandidateMisuse: String, CaseIterable, Codable {
  case scores = "candidateScores: scores has 6 elements"
  case first = "candidateScores: column 3 of 3"
  case items = "candidateScores: items has 6 elements, expected rows of 4"
  case action = "candidateScoresBackward: dAction has 6 elements"
  case table = "candidateScoresItemGradient: dItems has 6 elements, expected rows of 4"
  case shown = "candidateScoresItemGradient: action has 6 elements"
  case values = "softmaxExpectation: values has 6 elements"
  case temperature = "softmaxExpectation: temperature 0.0"
  case expectation = "softmaxExpectationBackward: y has 6 elements"
  case picked = "slice: y has 6 elements"
  case column = "slice: columns 3..<4 of 3"

  func call(on backend: any Backend) {
    let six = Floats(backend.allocate(6))
    let (four, two) = (six[0..<4], six[0..<2])
    let rows = Indices(backend.allocate(6))
    backend.write([0, 1, 2, 0, 1, 2], to: rows)
    switch self {
    case .scores:
      backend.candidateScores(four, rows, six, b: 2, w: 3, first: 1, e: 2, absent: 0, into: six)
    case .first:
      backend.candidateScores(four, rows, six, b: 2, w: 3, first: 3, e: 2, absent: 0, into: six)
    case .items:
      backend.candidateScores(four, rows, six, b: 1, w: 6, first: 2, e: 4, absent: 0, into: four)
    case .action:
      backend.candidateScoresBackward(four, rows, six, b: 2, w: 3, first: 1, e: 2, into: six)
    case .table:
      backend.candidateScoresItemGradient(four, four, rows, b: 1, w: 6, first: 2, e: 4, into: six)
    case .shown:
      backend.candidateScoresItemGradient(four, six, rows, b: 2, w: 3, first: 1, e: 2, into: six)
    case .values: backend.softmaxExpectation(four, six, temperature: 1, b: 2, n: 2, into: two)
    case .temperature:
      backend.softmaxExpectation(four, four, temperature: 0, b: 2, n: 2, into: two)
    case .expectation:
      backend.softmaxExpectationBackward(
        two, four, four, six, temperature: 1, b: 2, n: 2, into: four, dValues: nil)
    case .picked: backend.slice(rows, m: 2, n: 3, columns: 0..<1, into: rows)
    case .column: backend.slice(rows, m: 2, n: 3, columns: 3..<4, into: rows[0..<2])
    }
  }
}
