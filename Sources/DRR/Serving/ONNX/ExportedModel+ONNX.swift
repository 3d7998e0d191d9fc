import Tensor

/// A model's network as a file of ONNX, and what a call of it takes and gives.
public struct ONNXFile: Sendable {
  /// The file.
  public let bytes: [UInt8]
  /// What a call brings, by name.
  public let inputs: [Port]
  /// What it brings instead of the model's own, where it has users that the model has not.
  public let tables: [Port]
  /// What it gets.
  public let outputs: [Port]

  /// Something that goes in or comes out.
  public struct Port: Encodable, Hashable, Sendable {
    /// As the file calls it.
    public var name: String
    /// Such as "int64 [batch, 10]".
    public var type: String
    /// What it holds.
    public var about: String
  }
}

extension ExportedModel {
  /// The network as ONNX (opset 17), for whatever runs it. Its ids are in the file's metadata,
  /// `drr.items` and `drr.users`, as lists of JSON.
  ///
  /// - Parameter backend: where constants are computed.
  /// - Throws: `ServingError` for a model that is no network, and for one above the 2 GiB of a file.
  public func onnx(on backend: any Backend) throws -> ONNXFile {
    var network = ONNXNetwork(self, on: backend)
    let scores: ONNXGraph.Value
    switch header.algorithm {
    case .pmf: scores = network.factorization()
    case .drr(let settings): scores = try network.drr(settings)
    case .residual(let settings): scores = try network.residual(settings)
    case .dqn(let settings): scores = try network.actionTable(settings, "q")
    case .policyGradient(let settings): scores = try network.actionTable(settings, "policy")
    case .irecgan(let encoder): scores = try network.sessions(encoder)
    case .gru(let settings): scores = try network.nextItems(settings)
    case .multiTable:
      throw ServingError(
        "\(header.agent) looks states up in tables, which are no network that ONNX could hold; "
          + "serve it by drr serve, or read its weights.safetensors")
    }
    return try network.file(scores)
  }
}
