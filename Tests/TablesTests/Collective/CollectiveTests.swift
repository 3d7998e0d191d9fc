import Tables
import Tensor
import Testing

@Suite("Ranks that are threads") struct CollectiveTests {
  struct Failure: Error, CustomStringConvertible { var description: String { "out of luck" } }

  @Test("give each other what they send, in order of rank", arguments: [1, 2, 5])
  func exchanges(size: Int) throws {
    let all = try ThreadCollective.run(size) { collective in
      var log: [[[Int]]] = []
      for turn in 0..<50 {
        let rank = collective.rank
        log.append(
          try collective.allToAll(
            (0..<size).map { other in Array(repeating: 100 * rank + other, count: turn % 3) }))
        log.append(try collective.allGather([rank, turn]))
        log.append([try collective.broadcast([rank * turn], root: turn % size)])
        try collective.barrier()
      }
      return log
    }
    for (rank, log) in all.enumerated() {
      for turn in 0..<50 {
        #expect(
          log[3 * turn]
            == (0..<size).map { Array(repeating: 100 * $0 + rank, count: turn % 3) })
        #expect(log[3 * turn + 1] == (0..<size).map { [$0, turn] })
        #expect(log[3 * turn + 2] == [[turn % size * turn]])
      }
    }
  }

  @Test("add in order of rank: equal bits on each")
  func reduction() throws {
    let sums = try ThreadCollective.run(4) { collective in
      try collective.allReduce([[1e16, 1, -1e16, 1][collective.rank]])
    }
    #expect(sums == Array(repeating: [((1e16 + 1) - 1e16) + 1], count: 4))
  }

  @Test("stop where one is lost, and name it", arguments: 0..<3)
  func lost(rank: Int) {
    #expect(throws: CollectiveError.lost(rank: rank, reason: "out of luck")) {
      try ThreadCollective.run(3) { collective in
        for turn in 0..<10 {
          if turn == 4 && collective.rank == rank { throw Failure() }
          _ = try collective.allGather([turn])
        }
      }
    }
  }

  @Test("do not wait for one that is done")
  func done() {
    #expect(throws: CollectiveError.self) {
      try ThreadCollective.run(2) { collective in
        if collective.rank == 0 { try collective.barrier() }
      }
    }
  }
}
