import DRRCore
import Environments
import Tensor

/// What the networks see of a document before a user: [the user, what is remembered of the episode,
/// both to mean 0 and deviation 1; the document; whether it stands for choosing none; and, where users
/// and documents are in one space, their dot product].
package struct SlateInputs: Sendable {
  package let layout: WorldObservation.Layout
  let traces: Int
  /// [user + traces].
  private(set) var mean: [Float]
  /// 1 / deviation.
  private(set) var scale: [Float]

  package init(_ layout: WorldObservation.Layout, _ configuration: SlateQConfiguration) {
    self.layout = layout
    traces = SessionTraces.width(layout, configuration)
    mean = Array(repeating: 0, count: layout.user + traces)
    scale = Array(repeating: 1, count: layout.user + traces)
  }

  private var state: Int { layout.user + traces }
  private var isOneSpace: Bool { layout.user == layout.document }
  /// M, numbers of an input.
  package var width: Int { state + layout.document + 1 + (isOneSpace ? 1 : 0) }

  /// The inputs of all documents that each user may be shown and, last, of choosing none:
  /// [B, N + 1, M].
  package func write(
    _ observation: WorldObservation, _ memory: SessionTraces, into inputs: inout [Float]
  ) {
    let (n, m, d) = (layout.candidates, width, layout.document)
    var own = [Float](repeating: 0, count: state)
    inputs.withUnsafeMutableBufferPointer { inputs in
      for row in 0..<observation.count {
        let (user, trace) = (observation.user(row), memory.row(row))
        for (place, value) in zip(0..., user) { own[place] = value }
        for (place, value) in zip(layout.user..., trace) { own[place] = value }
        for place in 0..<state { own[place] = (own[place] - mean[place]) * scale[place] }
        for candidate in 0...n {
          var place = (row * (n + 1) + candidate) * m
          for value in own {
            inputs[place] = value
            place += 1
          }
          let isNone = candidate == n
          var dot: Float = 0
          if isNone {
            for _ in 0..<d {
              inputs[place] = 0
              place += 1
            }
          } else {
            let start = observation.documents.lowerBound + (row * n + candidate) * d
            for number in 0..<d {
              let value = observation.values[start + number]
              if isOneSpace { dot += value * user[user.startIndex + number] }
              inputs[place] = value
              place += 1
            }
          }
          inputs[place] = isNone ? 1 : 0
          if isOneSpace { inputs[place + 1] = dot }
        }
      }
    }
  }

  /// The document in an input, [D].
  func document(in inputs: [Float], at start: Int) -> ArraySlice<Float> {
    inputs[start + state..<start + state + layout.document]
  }

  /// Takes mean and deviation from inputs that were written without, [rows, M], and applies them.
  package mutating func standardize(_ inputs: inout [Float]) {
    let (rows, m) = (inputs.count / width, width)
    for place in 0..<state {
      var (sum, squares) = (0.0, 0.0)
      for row in 0..<rows {
        let value = Double(inputs[row * m + place])
        sum += value
        squares += value * value
      }
      let center = sum / Double(rows)
      let deviation = max(squares / Double(rows) - center * center, 0).squareRoot()
      mean[place] = Float(center)
      // What never changes tells nothing, and is left as it is.
      scale[place] = deviation > 1e-6 ? Float(1 / deviation) : 1
      for row in 0..<rows {
        inputs[row * m + place] = (inputs[row * m + place] - mean[place]) * scale[place]
      }
    }
  }

  func save(to file: inout SafetensorsWriter, _ prefix: String) throws {
    try file.add("\(prefix).mean", mean)
    try file.add("\(prefix).scale", scale)
  }

  func restored(from file: SafetensorsFile, _ prefix: String) throws(CheckpointError) -> Self {
    var restored = self
    restored.mean = try file.floats("\(prefix).mean", shape: [state])
    restored.scale = try file.floats("\(prefix).scale", .positive, shape: [state])
    return restored
  }
}
