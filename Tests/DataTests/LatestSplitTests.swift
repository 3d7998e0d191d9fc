import DRRCore
import DRRData
import DRRTestSupport
import Foundation
import TestSupport
import Testing

@Suite("The split that holds out each user's latest ratings")
struct LatestSplitTests {
  /// Users 0 … 9 with 10 + u ratings each, four of each user and time.
  static let tied: RatingsLog = {
    var (users, items, times) = ([Int32](), [Int32](), [Int64]())
    for user in 0..<10 as Range<Int32> {
      for at in 0..<(10 + user) {
        users.append(user)
        items.append((at * 7 + user) % 40)
        times.append(Int64(at / 4))
      }
    }
    return RatingsLog(
      name: "tied", users: users, items: items,
      ratings: users.indices.map { Float(1 + $0 % 5) }, times: times)
  }()

  @Test("a fifth of each user's ratings is the test, a tenth before it the validation")
  func shares() {
    let log = Self.tied
    let split = UserSplit(log, Worlds.latest())
    for user in 0..<10 {
      let n = log.rows(ofUser: user).count
      let test = Array(split.sessionRows(of: user, in: log))
      let validation = Array(split.sessionRows(of: user, in: log, for: .validation))
      let visible = Array(split.visibleRows(of: user, in: log))
      #expect(test.count == Int((0.2 * Double(n)).rounded()))
      #expect(validation.count == Int((0.1 * Double(n)).rounded()))
      #expect(Array(split.rows(of: user, in: log)) == visible + validation + test)
      #expect((visible + validation + test).sorted() == Array(log.rows(ofUser: user)))
      let times = Array(split.rows(of: user, in: log)).map { log.times[$0] }
      #expect(times == times.sorted())
      #expect(visible.allSatisfy { split.heldOut(row: $0) == nil })
      #expect(validation.allSatisfy { split.heldOut(row: $0) == .validation })
      #expect(test.allSatisfy { split.heldOut(row: $0) == .test })
    }
    #expect(split.testUsers.count == 10 && split.trainUsers.count == 10)
  }

  @Test("once all is chosen, what validation held out can be learned from, and no test rating")
  func withoutValidation() {
    let log = Self.tied
    let split = UserSplit(log, Worlds.latest())
    let all = split.withoutValidation
    #expect(all.validationUsers.isEmpty && all.testUsers == split.testUsers)
    for user in 0..<10 {
      let seen =
        Array(split.visibleRows(of: user, in: log))
        + Array(split.sessionRows(of: user, in: log, for: .validation))
      #expect(Array(all.visibleRows(of: user, in: log)) == seen)
      #expect(
        Array(all.sessionRows(of: user, in: log)) == Array(split.sessionRows(of: user, in: log)))
    }
    var evaluation = EvaluationProtocol()
    evaluation.split = .users
    let users = UserSplit(log, evaluation)
    #expect(
      users.withoutValidation.trainUsers == (users.trainUsers + users.validationUsers).sorted())
  }

  @Test("ratings of one time are in an order of the seed, or of the file where that is wanted")
  func ties() {
    let log = Self.tied
    func order(_ seed: UInt64, _ ties: TieOrder? = nil) -> [Int] {
      let split = UserSplit(log, Worlds.latest(seed: seed, ties: ties))
      return (0..<10).flatMap { split.rows(of: $0, in: log) }
    }
    #expect(order(1) == order(1) && order(1) != order(2))
    #expect(order(1, .file) == Array(0..<log.count))
    #expect(order(1, .file) == order(2, .file))
    // Each of the four first rows of user 0 comes first about as often: 4000 draws, ±6 deviations.
    var first = [Int](repeating: 0, count: 4)
    for seed in 0..<4_000 as Range<UInt64> { first[order(seed)[0]] += 1 }
    #expect(first.allSatisfy { abs($0 - 1_000) < 165 }, "\(first)")
  }

  @Test("the order of ties knows nothing of items")
  func renamed() {
    let log = Self.tied
    var renamed = log
    renamed.items = log.items.map { 39 - $0 }
    let (a, b) = (UserSplit(log, Worlds.latest()), UserSplit(renamed, Worlds.latest()))
    for user in 0..<10 {
      #expect(Array(a.rows(of: user, in: log)) == Array(b.rows(of: user, in: renamed)))
    }
  }

  @Test("the order is the drawn one in other splits too, where it is asked for")
  func otherSplits() {
    let log = Self.tied
    for kind in EvaluationProtocol.Split.allCases where kind != .latest {
      var evaluation = EvaluationProtocol()
      evaluation.split = kind
      let plain = UserSplit(log, evaluation)
      #expect((0..<10).flatMap { plain.rows(of: $0, in: log) } == Array(0..<log.count))
      evaluation.ties = .drawn
      let drawn = UserSplit(log, evaluation)
      let order = (0..<10).flatMap { drawn.rows(of: $0, in: log) }
      #expect(order != Array(0..<log.count) && order.sorted() == Array(0..<log.count))
      if kind == .users {
        for user in drawn.testUsers.map({ Int($0) }) {
          // The profile is the first half in that very order.
          let all = Array(drawn.rows(of: user, in: log))
          let visible = Array(drawn.visibleRows(of: user, in: log))
          #expect(Array(all.prefix(visible.count)) == visible)
        }
      }
    }
  }

  @Test("nothing that is held out reaches what is learned")
  func poison() {
    let log = Worlds.tiny
    let split = UserSplit(log, Worlds.latest())
    let poisoned = Worlds.poisoned(log, split)
    let again = UserSplit(poisoned, Worlds.latest())
    #expect(again.visibleRows(in: poisoned) == split.visibleRows(in: log))
    #expect(again.pmfRows(in: poisoned) == split.visibleRows(in: log))
    let a = ItemStatistics(log, split, scale: .fiveStars)
    let b = ItemStatistics(poisoned, again, scale: .fiveStars)
    #expect(a.counts == b.counts && a.means == b.means)
  }

  @Test("runs that were begun before there was an order of ties are read as they were")
  func stored() throws {
    let text = try RunFolder.json(EvaluationProtocol())
    #expect(!text.contains("ties"))
    let read = try JSONDecoder().decode(EvaluationProtocol.self, from: Data(text.utf8))
    #expect(read == EvaluationProtocol() && read.tieOrder == .file)
    let drawn = try RunFolder.json(Worlds.latest(ties: .drawn))
    #expect(drawn.contains("\"split\":\"latest\"") && drawn.contains("\"ties\":\"drawn\""))
    #expect(Worlds.latest().tieOrder == .drawn)
  }

  @Test("the protocol in a line")
  func summary() {
    func line(_ ties: TieOrder?) -> String {
      Worlds.latest(seed: 3, ties: ties).summary(scale: .fiveStars, window: 5, hasTimes: true)
    }
    #expect(
      line(nil).hasPrefix(
        "each user's ratings split by time 70%/10%/20% for training/validation/test; session = a "
          + "user's test ratings; ratings of one time in an order drawn by seed 3; candidates = "))
    #expect(line(.file).contains("; ratings of one time in the order of the file; "))
  }
}
