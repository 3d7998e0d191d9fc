import DRRCore
import DRRTestSupport
import Foundation
import Tensor
import Testing

@Suite("Ranks that are threads") struct CollectiveTests {
  struct Failure: Error, CustomStringConvertible { var description: String { "out of luck" } }

  @Test(
    "give each other what they send, and add in one order", arguments: [1, 2, 3, 4, 5, 8])
  func trial(size: Int) throws {
    let faults = try ThreadCollective.run(size) { try CollectiveTrial.faults($0, turns: 60) }
    #expect(faults.allSatisfy { $0.isEmpty }, "\(faults)")
  }

  @Test("have the sum of the same parts to the bit, however many hold them")
  func parts() throws {
    let parts: [[Float]] = (0..<8).map { part in
      (0..<33).map { Float(sin(Double(7 * part + $0))) * [1e-5, 1, 1e6][(part + $0) % 3] }
    }
    let sums = try [1, 2, 4, 8].map { size in
      try ThreadCollective.run(size) { ranks in
        let own = ranks.share(of: 8)
        let sums = PartSums(ranks, own: own.count)
        sums.begin(width: 33)
        for (place, part) in own.enumerated() { _ = sums[part: place].update(from: parts[part]) }
        try sums.add()
        return Array(sums[part: 0])
      }
    }
    #expect(Set(sums.flatMap { $0 }).count == 1)
    let inARow = (0..<33).map { at in parts.reduce(Float(0)) { $0 + $1[at] } }
    #expect(sums[0][0] != inARow, "the numbers tell no order from another")
  }

  @Test("part things of unlike work, all of them and each once", arguments: [1, 2, 3, 5, 8])
  func work(size: Int) throws {
    for work in [[], [7], [1, 1, 1], [100, 1, 1, 1], (1...400).map { 1 + $0 * $0 % 97 }] {
      let all = try ThreadCollective.run(size) { $0.shares(ofWork: work) }
      let shares = all[0]
      #expect(Set(all).count == 1 && shares.count == size)
      #expect(shares.flatMap { $0 } == Array(work.indices))
      // None has more than its share by more than one thing.
      for share in shares {
        let own = work[share].reduce(0, +)
        #expect(own <= work.reduce(0, +) / size + 1 + (work.max() ?? 0), "\(work)")
      }
    }
  }

  @Test("keep what is for each in order, in room that grows and stays")
  func parcels() {
    let parcels = Parcels<Int>(ranks: 3)
    for number in 0..<100 { parcels.append(number, to: number % 2) }
    let odd = Array(stride(from: 1, to: 100, by: 2))
    #expect(parcels.counts == [50, 50, 0])
    #expect(Array(parcels[1]) == odd)
    parcels.resize(to: [2, 600, 1])
    #expect(parcels.counts == [2, 600, 1])
    #expect(Array(parcels[0]) == [0, 2] && Array(parcels[1].prefix(50)) == odd)
    parcels.removeAll()
    parcels.append(7, to: 2)
    #expect(parcels.counts == [0, 0, 1] && parcels[2][0] == 7)
  }

  @Test("add in the order of one that holds all", arguments: [1, 2, 3, 5])
  func inOrder(size: Int) throws {
    // More than are sent at a time, of very different sizes.
    let count = 1 << 20 + 777
    @Sendable func value(_ place: Int) -> Float {
      Float(sin(Double(place))) * [1e-5, 1, 1e6][place % 3]
    }
    let expected = (0..<count).reduce(0.0) { $0 + Double(value($1)) }
    let sums = try ThreadCollective.run(size) { ranks in
      // Each has every so-manieth, the latest first.
      let places = (0..<count).filter { $0 / 5 % size == ranks.rank }.reversed()
      return try ranks.sumInOrder(
        places.map(value), at: places.map { Int32($0) }, count: count)
    }
    #expect(sums.allSatisfy { $0.bitPattern == expected.bitPattern })
    let backwards = (0..<count).reversed().reduce(0.0) { $0 + Double(value($1)) }
    #expect(backwards != expected, "the numbers tell no order from another")
  }

  @Test("number what each has of every user in the order of users")
  func offsets() throws {
    let found = try ThreadCollective.run(3) { ranks in
      // User u is of rank u % 3, and has u things.
      try ranks.offsets(of: (0..<7).map { $0 % 3 == ranks.rank ? $0 : 0 })
    }
    #expect(found.allSatisfy { $0 == [0, 0, 1, 3, 6, 10, 15, 21] })
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
