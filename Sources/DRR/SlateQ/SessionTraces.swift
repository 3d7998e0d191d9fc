import DRRCore
import Environments
import Tensor

/// What an agent remembers of every user's episode so far: a step, the response to what was chosen
/// and, where documents are remembered, what it was, summed over the steps with a memory that fades.
/// One sum a decay d: m ← d m + x.
package struct SessionTraces {
  private let decays: [Float]
  private let response: Int
  private let document: Int
  private let count: Int
  /// [B, width].
  package private(set) var values: [Float]

  package init(_ layout: WorldObservation.Layout, _ configuration: SlateQConfiguration, count: Int)
  {
    decays = configuration.decays
    response = layout.response
    document = configuration.remembersDocuments ? layout.document : 0
    self.count = count
    values = Array(repeating: 0, count: count * Self.width(layout, configuration))
  }

  /// Numbers of one user.
  static func width(
    _ layout: WorldObservation.Layout, _ configuration: SlateQConfiguration
  ) -> Int {
    configuration.decays.count
      * (1 + layout.response + (configuration.remembersDocuments ? layout.document : 0))
  }

  private var width: Int { decays.count * (1 + response + document) }

  /// One user's, [width].
  package func row(_ row: Int) -> ArraySlice<Float> { values[row * width..<(row + 1) * width] }

  /// Nothing is remembered of an episode that begins.
  package mutating func clear(_ row: Int) {
    for place in row * width..<(row + 1) * width { values[place] = 0 }
  }

  /// Takes in a step.
  ///
  /// - Parameters:
  ///   - chosen: what the user chose and responded; nil: none.
  package mutating func add(
    _ row: Int, chosen: (response: ArraySlice<Float>, document: ArraySlice<Float>)?
  ) {
    var place = row * width
    for decay in decays {
      values[place] = decay * values[place] + 1
      place += 1
      for number in 0..<response {
        values[place] *= decay
        if let chosen { values[place] += chosen.response[chosen.response.startIndex + number] }
        place += 1
      }
      for number in 0..<document {
        values[place] *= decay
        if let chosen { values[place] += chosen.document[chosen.document.startIndex + number] }
        place += 1
      }
    }
  }

  func save(to file: inout SafetensorsWriter, _ prefix: String) throws {
    try file.add("\(prefix).traces", values, shape: [count, width])
  }

  func restored(from file: SafetensorsFile, _ prefix: String) throws(CheckpointError) -> Self {
    var restored = self
    restored.values = try file.floats("\(prefix).traces", shape: [count, width])
    return restored
  }
}
