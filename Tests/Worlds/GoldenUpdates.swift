import Tensor
import TestSupport
import Testing

/// Updates of networks against PyTorch: within 1e-10 on the float64 reference, 1e-4 of the largest
/// entry elsewhere.
package struct GoldenUpdates {
  package let golden: GoldenCase
  package let backend: any Backend

  package init(_ name: String, _ device: TestDevice) throws {
    golden = try Golden.load(name)
    backend = try device.make()
  }

  package func expect(_ found: [Double], _ name: String) throws {
    let limit = backend is ReferenceBackend ? 1e-10 : 1e-4
    #expect(relativeError(found, try golden(name)) <= limit, "\(name)")
  }

  package func tensor(_ name: String) throws -> Tensor {
    Tensor(try golden(name), shape: Shape(try golden.shape(name)), on: backend)
  }

  package func index(_ names: [String]) throws -> IndexTensor {
    let columns = try names.map { try golden.int32s($0) }
    return IndexTensor(
      columns[0].indices.flatMap { row in columns.map { $0[row] } },
      shape: [columns[0].count, columns.count], on: backend)
  }

  package func load(_ networks: [(String, ParameterSet)]) throws {
    for (network, set) in networks {
      for parameter in set.parameters {
        let name = "initial.\(network).\(parameter.name)"
        #expect(try golden.shape(name) == parameter.shape.array, "\(name)")
        backend.put(try golden(name), to: parameter.values)
      }
    }
  }

  package func check(_ networks: [(String, ParameterSet)]) throws {
    for (network, set) in networks {
      for parameter in set.parameters {
        try expect(backend.doubles(parameter.values), "final.\(network).\(parameter.name)")
      }
    }
  }
}
