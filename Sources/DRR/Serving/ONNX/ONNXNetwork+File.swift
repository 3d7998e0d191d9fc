import DRRCore
import Factorization
import Tensor

/// What goes into a network, and its file.
extension ONNXNetwork {
  mutating func userInput() -> Value {
    inputs.append(
      .init(
        name: "user", type: "int64 [batch]",
        about: "a user as a row of the tables; in the file's own they are in the order of drr.users"
      ))
    return graph.input("user", .int64, [.named("batch")])
  }

  mutating func usersTable(_ pmf: PMFModel) -> Value {
    tables.append(
      .init(
        name: "users", type: "float [users, \(pmf.dimension)]", about: "a user's vector of PMF"))
    return graph.table("users", pmf.userFactors, width: pmf.dimension, rows: "users")
  }

  /// The vectors of PMF, [N, k].
  mutating func itemTable() -> Value {
    defer { hasItemTable = true }
    let pmf = model.factorization!
    return hasItemTable
      ? "items" : graph.constant(pmf.itemFactors, [items, pmf.dimension], as: "items")
  }

  /// Items [B, T], and where there are any.
  mutating func sequenceInput(
    _ name: String, about: String
  ) -> (items: Value, mask: Value) {
    inputs.append(.init(name: name, type: "int64 [batch, steps]", about: about))
    let items = graph.input(name, .int64, [.named("batch"), .named("steps")])
    return (items, present(items))
  }

  mutating func present(_ items: Value) -> Value {
    graph.add("GreaterOrEqual", items, graph.constant([0]))
  }

  /// Rows of a table, zeros where there is no item: [B, T, E].
  mutating func masked(_ items: Value, _ mask: Value, of table: Value) -> Value {
    let rows = graph.add(
      "Gather", table, graph.add("Max", items, graph.constant([0])))
    let ones = graph.add("Cast", mask, with: ["to": .number(ONNXGraph.ElementType.float.rawValue)])
    return graph.add("Mul", rows, graph.add("Unsqueeze", ones, graph.constant([2])))
  }

  /// How long each sequence is, [B].
  mutating func lengths(_ mask: Value) -> Value {
    let ones = graph.add("Cast", mask, with: ["to": .number(ONNXGraph.ElementType.int32.rawValue)])
    return graph.add("ReduceSum", ones, graph.constant([1]), with: ["keepdims": .number(0)])
  }

  // MARK: - The file

  mutating func file(_ scores: Value) throws -> ONNXFile {
    let known = graph.constant(model.items.isKnown, as: "known")
    let allowed = graph.add(
      "Where", known, scores, graph.constant([-Float.infinity], [1]))
    graph.output(allowed, as: "scores", .float, [.named("batch"), .fixed(items)])
    let scores = ONNXFile.Port(
      name: "scores", type: "float [batch, \(items)]",
      about: "of every item, in the order of drr.items; −∞ of one that training has not seen")
    let ids = try (RunFolder.json(Array(model.items.ids)), RunFolder.json(Array(model.users.ids)))
    let size = graph.weightBytes + ids.0.utf8.count + ids.1.utf8.count
    guard size < 0x7ff0_0000 else {
      throw ServingError(
        "its weights and ids are \(size) bytes, and a file of ONNX holds less than 2 GiB; export "
          + "fewer users, or read the weights.safetensors of drr export model")
    }
    let summary =
      "\(model.header.agent) of \(model.header.data.name). "
      + (inputs + tables + [scores]).map { "\($0.name): \($0.about)." }.joined(separator: " ")
    return ONNXFile(
      bytes: graph.file(
        model.header.algorithm.name, summary: summary,
        metadata: [
          "drr.agent": model.header.agent, "drr.algorithm": model.header.algorithm.name,
          "drr.data": model.header.data.name, "drr.checksum": model.header.data.checksum,
          "drr.items": ids.0, "drr.users": ids.1,
        ]),
      inputs: inputs, tables: tables, outputs: [scores])
  }
}
