import Factorization
import Tensor
import TestSupport
import Testing

@Suite("Vectors that agents of a device share")
struct SharedTableTests {
  private static let model = PMFModel(
    dimension: 2, mean: 0, userFactors: [1, 2, 3, 4, 5, 6], itemFactors: [7, 8],
    userBiases: [0, 0, 0], itemBiases: [0])

  @Test("lie on a device once, whoever asks, and copies of the model share them")
  func once() throws {
    let backend = CPUBackend()
    let (first, second, copy) = (
      Self.model.tables(on: backend), Self.model.tables(on: backend),
      [Self.model][0].tables(on: backend)
    )
    #expect(first.users.view.buffer === second.users.view.buffer)
    #expect(first.items.view.buffer === copy.items.view.buffer)
    #expect(first.users.shape == [3, 2] && first.items.shape == [1, 2])
    #expect(try second.users.host() == Self.model.userFactors)
    #expect(try copy.items.host() == Self.model.itemFactors)
  }

  @Test("are another device's own")
  func apart() throws {
    let (one, other) = (CPUBackend(), CPUBackend())
    let (here, there) = (Self.model.tables(on: one).users, Self.model.tables(on: other).users)
    #expect(here.view.buffer !== there.view.buffer)
    #expect(there.backend === other)
    #expect(try there.host() == Self.model.userFactors)
  }

  @Test("are given up with the last who holds them, and made again")
  func anew() throws {
    let backend = CPUBackend()
    let kept = Self.model.tables(on: backend).items
    weak let users = Self.model.tables(on: backend).users.view.buffer
    #expect(users == nil)
    #expect(Self.model.tables(on: backend).items.view.buffer === kept.view.buffer)
    #expect(try Self.model.tables(on: backend).users.host() == Self.model.userFactors)
  }
}
