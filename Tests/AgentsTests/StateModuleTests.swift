import Agents
import DRRTestSupport
import Environments
import Tensor
import TestSupport
import Testing

@Suite("State modules")
struct StateModuleTests {
  /// A module with the weights and vectors of its golden case, on one device.
  struct Setup {
    let golden: GoldenCase
    let set: ParameterSet
    let module: any StateModule
    let rows: IndexTensor

    init(_ kind: StateModuleKind, on backend: any Backend) throws {
      let golden = try Golden.load("state-\(kind)")
      func table(_ name: String) throws -> Tensor {
        Tensor(try golden(name), shape: Shape(try golden.shape(name)), on: backend)
      }
      set = ParameterSet(on: backend, seed: 1, stream: 1)
      let shape = try golden.shape("index")
      let layout = kind.rows(window: shape[1] - 1)
      module = kind.make(
        users: try table("users"), items: try table("items"), window: layout.window, in: set)
      let index = IndexTensor(try golden.int32s("index"), shape: Shape(shape), on: backend)
      rows =
        layout.readsRewards
        ? try Self.joined(index, try golden("rewards"), layout) : index
      for parameter in set.parameters {
        let name = Self.goldenName(parameter)
        #expect(try golden.shape(name) == parameter.shape.array)
        backend.put(try golden(name), to: parameter.values)
      }
      self.golden = golden
    }

    /// Rows with rewards between user and items, put in place as numbers: the reference keeps no
    /// bits.
    static func joined(
      _ index: IndexTensor, _ rewards: [Double], _ layout: StateRows
    ) throws -> IndexTensor {
      let (b, n) = (index.shape[0], layout.window)
      let named = try index.host()
      var values: [Int32] = []
      for row in 0..<b {
        let own = named[row * (1 + n)..<(row + 1) * (1 + n)]
        values += own.prefix(1) + [Int32](repeating: 0, count: n)
        values += own.dropFirst()
      }
      let rows = IndexTensor(values, shape: [b, layout.width], on: index.backend)
      for row in 0..<b {
        let first = rows.view.offset + row * layout.width + 1
        index.backend.put(
          Array(rewards[row * n..<(row + 1) * n]),
          to: Floats(rows.view.buffer, offset: first, count: n))
      }
      return rows
    }

    /// `attention.0.weight` is "0.weight"; the only weights of the others are "weights".
    static func goldenName(_ parameter: Parameter) -> String {
      let parts = parameter.name.split(separator: ".")
      return parts.count == 1 ? "weights" : parts.dropFirst().joined(separator: ".")
    }

    /// Σ state · dstate.
    func loss(_ tape: Tape? = nil) throws -> Tensor {
      let state = module(rows, tape)
      return (state * Tensor(try golden("dstate"), shape: state.shape, on: state.backend)).sum()
    }
  }

  /// Histories with items missing, all of them missing, and a user missing.
  @Test(
    "state and gradient are PyTorch's", arguments: TestDevices.withReference,
    StateModuleKind.allCases)
  func golden(_ device: TestDevice, _ kind: StateModuleKind) throws {
    let backend = try device.make()
    let setup = try Setup(kind, on: backend)
    let limit = backend is ReferenceBackend ? 1e-12 : 1e-5
    let state = setup.module(setup.rows, nil)
    #expect(try state.shape.array == setup.golden.shape("state"))
    #expect(state.shape[1] == setup.module.width)
    #expect(relativeError(try state.doubles(), try setup.golden("state")) <= limit)

    let tape = Tape(training: setup.set)
    tape.backward(from: try setup.loss(tape))
    for parameter in setup.set.parameters {
      let found = try backend.doubles(parameter.gradients)
      let expected = try setup.golden("d" + Setup.goldenName(parameter))
      // A bias under a softmax has no gradient but rounding.
      if expected.allSatisfy({ abs($0) < 1e-12 }) {
        #expect(found.allSatisfy { abs($0) < limit * 10 }, "\(parameter.name)")
      } else {
        #expect(relativeError(found, expected) <= limit, "\(parameter.name)")
      }
    }
  }

  @Test("gradients are finite differences", arguments: StateModuleKind.allCases)
  func differences(_ kind: StateModuleKind) throws {
    let backend = ReferenceBackend()
    let setup = try Setup(kind, on: backend)
    let tape = Tape(training: setup.set)
    tape.backward(from: try setup.loss(tape))
    for parameter in setup.set.parameters {
      let point = try backend.doubles(parameter.values)
      let numeric = try FiniteDifference.gradient(
        at: point, coordinates: Array(point.indices)
      ) {
        backend.put($0, to: parameter.values)
        return try setup.loss().doubles()[0]
      }
      backend.put(point, to: parameter.values)
      for (found, expected) in zip(try backend.doubles(parameter.gradients), numeric) {
        #expect(abs(found - expected) < 1e-7, "\(parameter.name)")
      }
    }
  }

  /// n = 5 and k = 100, the sizes that the paper's implementations have.
  @Test func widths() throws {
    let backend = ReferenceBackend()
    let users = Tensor(repeating: 0, shape: [2, 100], on: backend)
    let items = Tensor(repeating: 0, shape: [3, 100], on: backend)
    let expected: [StateModuleKind: Int] = [
      .p: 1_500, .u: 2_000, .ave: 300, .att: 300, .items: 100,
      .gru: 200, .gruRewards: 200,
    ]
    #expect(expected.count == StateModuleKind.allCases.count)
    for (kind, width) in expected {
      let set = ParameterSet(on: backend, seed: 1, stream: 1)
      let module = kind.make(users: users, items: items, window: 5, in: set)
      #expect(module.width == width, "\(kind)")
      #expect(module.rowWidth == (kind == .gruRewards ? 11 : 6), "\(kind)")
      #expect(kind.name == "DRR-\(kind.rawValue)")
    }
  }

  @Test("all but DRR-p and items alone see the user", arguments: StateModuleKind.allCases)
  func user(_ kind: StateModuleKind) throws {
    let backend = ReferenceBackend()
    let setup = try Setup(kind, on: backend)
    let rewards: [Int32] = kind == .gruRewards ? [0, 0, 0, 0] : []
    func state(ofUser user: Int32) throws -> [Double] {
      let row = [user] + rewards + [3, 1, 4, -1]
      return try setup.module(
        IndexTensor(row, shape: [1, row.count], on: backend), nil
      ).doubles()
    }
    #expect(try (state(ofUser: 0) == state(ofUser: 5)) == [.p, .items].contains(kind))
  }

  /// A history without items is attended to as a zero vector; a lone item gets all attention.
  @Test("attention is spent on the items that there are", arguments: TestDevices.withReference)
  func attention(_ device: TestDevice) throws {
    let backend = try device.make()
    let setup = try Setup(.att, on: backend)
    let rows = IndexTensor([2, -1, -1, -1, -1, 2, -1, 7, -1, -1], shape: [2, 5], on: backend)
    let state = try setup.module(rows, nil).doubles()
    let (users, items) = (try setup.golden("users"), try setup.golden("items"))
    let (user, item) = (Array(users[12..<18]), Array(items[42..<48]))
    let zero = [Double](repeating: 0, count: 6)
    let expected = user + zero + zero + user + zip(user, item).map(*) + item
    #expect(relativeError(state, expected) < 1e-6)
  }

  /// [u ; h] with h from the same GRU over the same vectors, a missing item being a zero vector.
  @Test(arguments: TestDevices.all) func recurrentState(_ device: TestDevice) throws {
    let backend = try device.make()
    let (users, items) = CatalogueWorlds.tables(backend)
    func make() -> (ParameterSet, ParameterSet) {
      (
        ParameterSet(on: backend, seed: 4, stream: 2), ParameterSet(on: backend, seed: 4, stream: 2)
      )
    }
    let (own, other) = make()
    let state = GRUState(users: users, items: items, window: CatalogueWorlds.window, in: own)
    let network = GRU("history", inputs: 8, units: 8, in: other)
    let rows: [Int32] = [2, -1, 5, 9, 4, 1, 2, 3]
    let found = try state(IndexTensor(rows, shape: [2, 4], on: backend), nil).host()
    let table = try items.host()
    let sequence = [[-1, 5, 9], [1, 2, 3]].flatMap { history in
      history.flatMap { item in
        item < 0 ? [Float](repeating: 0, count: 8) : Array(table[item * 8..<(item + 1) * 8])
      }
    }
    let last = try network(Tensor(sequence, shape: [2, 3, 8], on: backend)).last.hidden.host()
    let people = try users.host()
    for (row, user) in [2, 4].enumerated() {
      let expected =
        Array(people[user * 8..<(user + 1) * 8]) + Array(last[row * 8..<(row + 1) * 8])
      #expect(Array(found[row * 16..<(row + 1) * 16]) == expected)
    }
  }
}
