import DRRData
import DRRTestSupport
import TestSupport
import Testing

@Suite("Users and items with enough ratings")
struct EnoughRatingsTests: ReadsTables {
  let temporary = TemporaryFolder()

  /// Against the definition: of all subsets closed under the rule the largest, found by removing
  /// one user or item at a time.
  @Test(arguments: 1...6)
  func core(_ least: Int) throws {
    var random = SeededGenerator(UInt64(least))
    var pairs: Set<[Int32]> = []
    for _ in 0..<120 {
      pairs.insert([
        Int32.random(in: 0..<14, using: &random), Int32.random(in: 0..<20, using: &random),
      ])
    }
    let rows = pairs.sorted { ($0[0], $0[1]) < ($1[0], $1[1]) }
    let log = RatingsLog(
      name: "x", users: rows.map { $0[0] }, items: rows.map { $0[1] },
      ratings: rows.map { Float($0[1] % 5 + 1) })
    var left = rows
    search: while true {
      for side in 0...1 {
        let counts = Dictionary(grouping: left) { $0[side] }
        if let few = counts.filter({ $0.value.count < least }).keys.min() {
          left.removeAll { $0[side] == few }
          continue search
        }
      }
      break
    }
    func spelled(_ rows: [[Int32]]) -> Set<String> { Set(rows.map { "\($0[0] + 1) \($0[1] + 1)" }) }
    func spelled(_ log: RatingsLog) -> Set<String> {
      Set(
        (0..<log.count).map {
          "\(log.userIDs[Int(log.users[$0])]) \(log.itemIDs[Int(log.items[$0])])"
        })
    }
    if left.isEmpty {
      #expect(throws: DataError.self) { try log.keeping(atLeast: least, repeatedly: true) }
    } else {
      let core = try log.keeping(atLeast: least, repeatedly: true)
      #expect(spelled(core) == spelled(left))
      #expect((0..<core.userCount).allSatisfy { core.rows(ofUser: $0).count >= least })
      for row in 0..<core.count {
        #expect(
          core.ratings[row] == Float((Int32(core.itemIDs[Int(core.items[row])])! - 1) % 5 + 1))
      }
    }
    let (users, items) = (
      Dictionary(grouping: rows) { $0[0] }, Dictionary(grouping: rows) { $0[1] }
    )
    let once = rows.filter { users[$0[0]]!.count >= least && items[$0[1]]!.count >= least }
    if !once.isEmpty {
      #expect(spelled(try log.keeping(atLeast: least, repeatedly: false)) == spelled(once))
    }
  }

  @Test("a sample has all ratings of its users, and the same ones with one seed")
  func sample() throws {
    let log = GeneratedRatings.generate(size: .tiny)
    let sample = log.sampling(users: 0.25, seed: 3)
    #expect(sample.userCount == (log.userCount + 2) / 4)
    for user in 0..<sample.userCount {
      let whole = try #require(log.userIndex(sample.userIDs[user]))
      let (own, all) = (sample.rows(ofUser: user), log.rows(ofUser: whole))
      #expect(Array(sample.ratings[own]) == Array(log.ratings[all]))
      #expect(
        sample.items[own].map { sample.title(ofItem: Int($0)) }
          == log.items[all].map { log.title(ofItem: Int($0)) })
    }
    #expect(sample.spelled == log.sampling(users: 0.25, seed: 3).spelled)
    #expect(sample.spelled != log.sampling(users: 0.25, seed: 4).spelled)
    #expect(log.sampling(users: 1, seed: 1).spelled == log.spelled)
  }

  @Test func titlesFollowTheirItems() throws {
    let log = try load([
      "ratings.csv": "userId,movieId,rating\n1,7,3\n1,8,4\n2,8,5\n2,9,1\n3,8,1\n",
      "movies.csv": "movieId,title,genres\n7,A,War\n8,B,Sea|War\n9,C,\n",
    ]) { _ in }
    let kept = try log.keeping(atLeast: 2, repeatedly: false)
    #expect(kept.titles == ["B"] && kept.genres.namesOfItem(0) == ["Sea", "War"])
    #expect(kept.spelled == ["1 8 4.0 1", "2 8 5.0 2"] && kept.genres.names == log.genres.names)
    #expect(
      kept.notes == [
        "users and items with fewer than 2 ratings left out: 3 ratings, 1 users, 2 items"
      ])
  }
}
