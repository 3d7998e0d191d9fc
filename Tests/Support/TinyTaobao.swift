import Tensor

/// Networks of VirtualTaobao made by hand. Features are even, a session has three pages or as many as
/// asked for, and a page earns ten clicks or none, of which ten have the probability σ(8 t a₀), a₀
/// being the action's first number and t = 1 for users with feature 60, −1 for those without: half of
/// the users each.
package enum TinyTaobao {
  /// Writes the networks to a file, of sessions of so many pages.
  package static func write(to path: String, pages: Int = 3) throws {
    var file = SafetensorsWriter()
    func add(
      _ name: String, _ outputs: Int, _ inputs: Int, _ weights: [(Int, Int, Float)] = [],
      bias: [(Int, Float)] = []
    ) throws {
      var weight = [Float](repeating: 0, count: outputs * inputs)
      for (output, input, value) in weights { weight[output * inputs + input] = value }
      var shift = [Float](repeating: 0, count: outputs)
      for (output, value) in bias { shift[output] = value }
      try file.add("\(name).weight", weight, shape: [outputs, inputs])
      try file.add("\(name).bias", shift)
    }
    try add("generator.0", 128, 128)
    try add("generator.2", 88, 128)
    // 88 features, the page, 27 numbers: 1 + t a₀ in one of two units, and next to 0 in the other.
    try add(
      "action.0", 128, 116, [(0, 89, 1), (0, 60, 4), (1, 89, -1), (1, 60, -4)],
      bias: [(0, -3), (1, 1)])
    try add("action.2", 256, 128, [(0, 0, 1), (1, 1, 1)])
    try add(
      "action.4", 21, 256, [(10, 0, 8), (10, 1, 8)],
      bias: [(10, -8)] + (1...9).map { ($0, -50) })
    try add("leave.0", 128, 88)
    try add("leave.2", 256, 128)
    try add("leave.4", 101, 256, bias: [(pages, 50)])
    try file.write(to: path)
  }
}
