import DRRCore
import DRRData
import Essentials
import Tensor

/// Simulators that PyTorch wrote: a folder with `manifest.json`, which gives the shape of each
/// array, and the arrays as raw little-endian Float32, row by row.
extension LSTMWorld {
  private struct Manifest: Decodable {
    var tensors: [String: [Int]]
  }

  /// Reads a simulator and the policy beside it from a folder or a .zip.
  public static func read(
    _ path: String, dropout: Float = 0.25, longestSession: Int = 5, on backend: any Backend
  ) throws -> (world: LSTMWorld, policy: LSTMListPolicy) {
    let arrays = try ExportedArrays(path)
    // Files of these sizes, before networks of them are made.
    let items = try arrays.shape("env.embedding.embedding.weight.f32", rank: 2)
    _ = try arrays.values("env.embedding.embedding.weight", shape: items)
    let hidden = try arrays.shape("env.encoder.enc_lstm.weight_hh_l0.f32", rank: 2)
    _ = try arrays.values("env.encoder.enc_lstm.weight_hh_l0", shape: hidden)
    guard items[0] > 1 else {
      throw RunError(
        "\(path)/manifest.json: env.embedding.embedding.weight.f32 has the shape \(items): leaving, "
          + "and no items")
    }
    var configuration = Configuration()
    configuration.itemCount = items[0] - 1
    configuration.embedding = items[1]
    configuration.units = hidden[1]
    configuration.dropout = dropout
    configuration.longestSession = longestSession
    let world = LSTMWorld(configuration, seed: 0, on: backend)
    try arrays.load("env.embedding.embedding.weight", world.embedding.table)
    try arrays.load("env.encoder.enc_lstm", world.network.layers[0])
    try arrays.load("env.enc2out", world.click)
    try arrays.load("env.enc2rewd", world.reward)
    let policy = LSTMListPolicy("logging", configuration, seed: 0, on: backend)
    try arrays.load("policy.embedding.embedding.weight", policy.embedding.table)
    try arrays.load("policy.encoder.enc_lstm", policy.network.layers[0])
    try arrays.load("policy.enc2out", policy.output)
    return (world, policy)
  }

  private struct ExportedArrays {
    let folder: DataFolder
    let shapes: [String: [Int]]

    init(_ path: String) throws {
      folder =
        try PosixFile.isFolder(path)
        ? DataFolder(folder: path)
        : DataFolder(archive: path) { $0.contains("manifest.json") }
      guard folder.has("manifest.json") else {
        throw DataError.missingFile(path: "\(path)/manifest.json")
      }
      let bytes = try folder.open("manifest.json").readAll()
      do {
        shapes = try JSONDecoder().decode(Manifest.self, from: Data(bytes)).tensors
      } catch {
        throw RunError("\(path)/manifest.json: not the shapes of a world's arrays")
      }
    }

    func shape(_ name: String, rank: Int) throws -> [Int] {
      guard let shape = shapes[name] else {
        throw RunError("\(folder.path)/manifest.json: \(name) is missing")
      }
      guard shape.count == rank, shape.allSatisfy({ (1...(1 << 24)).contains($0) }) else {
        throw RunError(
          "\(folder.path)/manifest.json: \(name) has the shape \(shape), expected \(rank) sizes")
      }
      return shape
    }

    func values(_ name: String, shape expected: [Int]) throws -> [Float] {
      let file = name + ".f32"
      let found = try shape(file, rank: expected.count)
      guard found == expected else {
        throw RunError(
          "\(folder.path)/manifest.json: \(file) has the shape \(found), expected \(expected)")
      }
      let bytes = try folder.open(file).readAll()
      let count = expected.reduce(1, *)
      guard bytes.count == 4 * count else {
        throw RunError(
          "\(folder.path)/\(file): \(bytes.count) bytes, expected \(4 * count) of shape \(expected)"
        )
      }
      return bytes.withUnsafeBytes { raw in
        (0..<count).map {
          Float(
            bitPattern: UInt32(
              littleEndian: raw.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
        }
      }
    }

    func load(_ name: String, _ parameter: Parameter) throws {
      parameter.set(try values(name, shape: parameter.shape.array))
    }

    /// PyTorch keeps weights as [outputs, inputs].
    func loadTransposed(_ name: String, _ parameter: Parameter) throws {
      let (inputs, outputs) = (parameter.shape[0], parameter.shape[1])
      let values = try values(name, shape: [outputs, inputs])
      var transposed = values
      for row in 0..<outputs {
        for column in 0..<inputs {
          transposed[column * outputs + row] = values[row * inputs + column]
        }
      }
      parameter.set(transposed)
    }

    func load(_ name: String, _ layer: Dense) throws {
      try loadTransposed("\(name).weight", layer.weight)
      try load("\(name).bias", layer.bias)
    }

    func load(_ name: String, _ layer: RecurrentLayer) throws {
      try loadTransposed("\(name).weight_ih_l0", layer.inputWeight)
      try loadTransposed("\(name).weight_hh_l0", layer.hiddenWeight)
      try load("\(name).bias_ih_l0", layer.inputBias)
      try load("\(name).bias_hh_l0", layer.hiddenBias)
    }
  }
}
