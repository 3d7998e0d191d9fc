import DRRCore
import Environments
import Tensor

/// What the networks see of a document before a user: [the user, the sums of the episode, both to mean
/// 0 and deviation 1; the document; whether it stands for choosing none; and, where users and documents
/// are in one space, their dot product]. Beside it, where they read them, the latest steps.
package struct SlateInputs: Sendable {
  package let layout: WorldObservation.Layout
  /// Numbers of the sums.
  private let sums: Int
  /// Steps that a recurrent network reads; 0: there is none.
  let window: Int
  /// Of [the user, the sums].
  private(set) var state: Scales
  /// Of [the response, the document] of a step.
  private(set) var step: Scales

  package init(_ layout: WorldObservation.Layout, _ configuration: SlateQConfiguration) {
    self.layout = layout
    sums = EpisodeMemory.width(layout, configuration)
    window = configuration.window
    state = Scales(width: layout.user + sums)
    step = Scales(width: EpisodeMemory.stepWidth(layout) - 1)
  }

  private var isOneSpace: Bool { layout.user == layout.document }
  /// M, numbers of an input.
  package var width: Int { state.width + layout.document + 1 + (isOneSpace ? 1 : 0) }
  /// F, numbers of a step.
  package var stepWidth: Int { 1 + step.width }

  /// The inputs of all documents that each user may be shown and, last, of choosing none:
  /// [B, N + 1, M].
  package func write(
    _ observation: WorldObservation, _ memory: EpisodeMemory, into inputs: inout [Float]
  ) {
    let (n, m, d) = (layout.candidates, width, layout.document)
    var own = [Float](repeating: 0, count: state.width)
    inputs.withUnsafeMutableBufferPointer { inputs in
      for row in 0..<observation.count {
        let (user, sums) = (observation.user(row), memory.row(row))
        for (place, value) in zip(0..., user) { own[place] = value }
        for (place, value) in zip(layout.user..., sums) { own[place] = value }
        state.apply(to: &own, at: 0)
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

  /// The latest steps of each user, [B, window, F]: a step is 1 and its numbers, zeros where none was.
  package func writeSteps(_ memory: EpisodeMemory, into past: inout [Float]) {
    guard window > 0 else { return }
    past = memory.steps
    for start in stepStarts(past) { step.apply(to: &past, at: start) }
  }

  /// Where the numbers of each step begin that was taken.
  private func stepStarts(_ past: [Float]) -> [Int] {
    stride(from: 0, to: past.count, by: stepWidth).filter { past[$0] == 1 }.map { $0 + 1 }
  }

  /// Takes means and deviations from what was written without, inputs [rows, M] and steps
  /// [rows, window, F], and applies them.
  package mutating func standardize(_ inputs: inout [Float], _ past: inout [Float]) {
    let starts = Array(stride(from: 0, to: inputs.count, by: width))
    state.fit(inputs, at: starts)
    for start in starts { state.apply(to: &inputs, at: start) }
    guard window > 0 else { return }
    let taken = stepStarts(past)
    step.fit(past, at: taken)
    for start in taken { step.apply(to: &past, at: start) }
  }

  func save(to file: inout SafetensorsWriter, _ prefix: String) throws {
    try state.save(to: &file, prefix)
    if window > 0 { try step.save(to: &file, "\(prefix).step") }
  }

  func restored(from file: SafetensorsFile, _ prefix: String) throws(CheckpointError) -> Self {
    var restored = self
    restored.state = try state.restored(from: file, prefix)
    if window > 0 { restored.step = try step.restored(from: file, "\(prefix).step") }
    return restored
  }
}

/// Numbers to mean 0 and deviation 1, each by its own.
package struct Scales: Sendable {
  private var mean: [Float]
  /// 1 / deviation.
  private var scale: [Float]

  init(width: Int) {
    mean = Array(repeating: 0, count: width)
    scale = Array(repeating: 1, count: width)
  }

  var width: Int { mean.count }

  func apply(to numbers: inout [Float], at start: Int) {
    for place in 0..<width {
      numbers[start + place] = (numbers[start + place] - mean[place]) * scale[place]
    }
  }

  /// Takes means and deviations over rows that begin there.
  mutating func fit(_ numbers: [Float], at starts: [Int]) {
    guard !starts.isEmpty else { return }
    let rows = Double(starts.count)
    for place in 0..<width {
      var (sum, squares) = (0.0, 0.0)
      for start in starts {
        let value = Double(numbers[start + place])
        sum += value
        squares += value * value
      }
      let center = sum / rows
      let deviation = max(squares / rows - center * center, 0).squareRoot()
      mean[place] = Float(center)
      // What never changes tells nothing, and is left as it is.
      scale[place] = deviation > 1e-6 ? Float(1 / deviation) : 1
    }
  }

  func save(to file: inout SafetensorsWriter, _ prefix: String) throws {
    try file.add("\(prefix).mean", mean)
    try file.add("\(prefix).scale", scale)
  }

  func restored(from file: SafetensorsFile, _ prefix: String) throws(CheckpointError) -> Self {
    var restored = self
    restored.mean = try file.floats("\(prefix).mean", shape: [width])
    restored.scale = try file.floats("\(prefix).scale", .positive, shape: [width])
    return restored
  }
}
