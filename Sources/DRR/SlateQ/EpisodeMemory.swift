import DRRCore
import Environments
import Tensor

/// What an agent remembers of every user's episode so far. Of each step: that it was, the response to
/// what was chosen, and the chosen document. It is kept as
///
/// - sums that fade, one a decay d: m ← d m + x, the document where documents are remembered;
/// - the latest steps in their order, where a recurrent network reads them.
package struct EpisodeMemory {
  private let layout: WorldObservation.Layout
  private let decays: [Float]
  /// Numbers of a document that the sums have.
  private let document: Int
  private let window: Int
  private let count: Int
  /// [B, width].
  package private(set) var sums: [Float]
  /// [B, window, stepWidth], the latest step last; zeros before the first.
  package private(set) var steps: [Float]
  /// What was shown last, of what there was.
  private var shown: (slates: [Int32], observation: WorldObservation)?

  package init(_ layout: WorldObservation.Layout, _ configuration: SlateQConfiguration, count: Int)
  {
    self.layout = layout
    decays = configuration.decays
    document = configuration.remembersDocuments ? layout.document : 0
    window = configuration.window
    self.count = count
    sums = Array(repeating: 0, count: count * Self.width(layout, configuration))
    steps = Array(repeating: 0, count: count * window * Self.stepWidth(layout))
  }

  /// Numbers of one user's sums.
  static func width(
    _ layout: WorldObservation.Layout, _ configuration: SlateQConfiguration
  ) -> Int {
    configuration.decays.count
      * (1 + layout.response + (configuration.remembersDocuments ? layout.document : 0))
  }

  /// Numbers of one step: 1, the response and the document.
  static func stepWidth(_ layout: WorldObservation.Layout) -> Int {
    1 + layout.response + layout.document
  }

  private var width: Int { decays.count * (1 + layout.response + document) }

  /// One user's sums, [width].
  package func row(_ row: Int) -> ArraySlice<Float> { sums[row * width..<(row + 1) * width] }

  /// Nothing is remembered of an episode that begins.
  package mutating func clear(_ row: Int) {
    for place in row * width..<(row + 1) * width { sums[place] = 0 }
    let length = window * Self.stepWidth(layout)
    for place in row * length..<(row + 1) * length { steps[place] = 0 }
  }

  /// Takes note of slates, [B, K], before they are shown.
  package mutating func show(_ slates: [Int32], of observation: WorldObservation) {
    shown = (slates, observation)
  }

  /// Takes in the responses to what was shown, and begins anew where an episode does.
  package mutating func take(_ rows: WorldRows) {
    for row in 0..<rows.count {
      guard rows.steps[row] > 0, let shown else {
        clear(row)
        continue
      }
      guard let place = rows.observation.chosenPlace(row) else {
        add(row, chosen: nil)
        continue
      }
      let candidate = Int(shown.slates[row * layout.slate + place])
      add(
        row,
        chosen: (
          rows.observation.response(row, place), shown.observation.document(row, candidate)
        ))
    }
  }

  /// Takes in a step.
  ///
  /// - Parameter chosen: what the user chose and responded; nil: none.
  package mutating func add(
    _ row: Int, chosen: (response: ArraySlice<Float>, document: ArraySlice<Float>)?
  ) {
    var place = row * width
    for decay in decays {
      sums[place] = decay * sums[place] + 1
      place += 1
      for number in 0..<layout.response {
        sums[place] *= decay
        if let chosen { sums[place] += chosen.response[chosen.response.startIndex + number] }
        place += 1
      }
      for number in 0..<document {
        sums[place] *= decay
        if let chosen { sums[place] += chosen.document[chosen.document.startIndex + number] }
        place += 1
      }
    }
    guard window > 0 else { return }
    let (one, length) = (Self.stepWidth(layout), window * Self.stepWidth(layout))
    for place in row * length..<(row + 1) * length - one { steps[place] = steps[place + one] }
    let last = (row + 1) * length - one
    steps[last] = 1
    for number in 1..<one { steps[last + number] = 0 }
    if let chosen {
      for (number, value) in zip(1..., chosen.response + chosen.document) {
        steps[last + number] = value
      }
    }
  }

  func save(to file: inout SafetensorsWriter, _ prefix: String) throws {
    try file.add("\(prefix).traces", sums, shape: [count, width])
    if window > 0 { try file.add("\(prefix).steps", steps) }
  }

  func restored(from file: SafetensorsFile, _ prefix: String) throws(CheckpointError) -> Self {
    var restored = self
    restored.sums = try file.floats("\(prefix).traces", shape: [count, width])
    if window > 0 { restored.steps = try file.floats("\(prefix).steps", shape: [steps.count]) }
    return restored
  }
}

extension WorldObservation {
  /// The place in the last slate of what the user chose; nil: none.
  func chosenPlace(_ row: Int) -> Int? {
    (0..<layout.slate).first { response(row, $0).first == 1 }
  }
}
