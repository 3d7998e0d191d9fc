import DRRData
import DRRTestSupport
import Foundation
import TestSupport
import Testing

@Suite("Generated ratings")
struct DataGeneratedTests {
  static let small = GeneratedRatings.generate(size: .small)

  @Test func oneSeedIsOneLog() throws {
    let first = GeneratedRatings.generate(size: .tiny, seed: 9)
    let again = try RatingsSource.load("generated:tiny:9")
    #expect(first.spelled == again.spelled && first.checksum == again.checksum)
    #expect(first.titles == again.titles && first.genres == again.genres)
    #expect(first.name == "generated-tiny-9")
    #expect(first.checksum != GeneratedRatings.generate(size: .tiny, seed: 10).checksum)
    #expect(
      try RatingsSource.load("generated:tiny").checksum
        == GeneratedRatings.generate(size: .tiny, seed: 1).checksum)
  }

  /// Fixed once: a change of compiler, machine or generator shows here.
  @Test func theLogIsTheSameEverywhere() {
    #expect(GeneratedRatings.generate(size: .tiny).checksum == "5ad660ab")
    #expect(Self.small.checksum == "d2251475")
  }

  @Test(arguments: [GeneratedRatings.Size.tiny, .small, .medium])
  func sizesAreExact(_ size: GeneratedRatings.Size) {
    let log = size == .small ? Self.small : GeneratedRatings.generate(size: size)
    #expect(log.count == size.ratingCount && log.userCount == size.userCount)
    #expect(log.itemCount == size.itemCount && log.duplicateCount == 0)
    var rated = Set<Int32>()
    for user in 0..<log.userCount {
      let items = Set(log.items[log.rows(ofUser: user)])
      #expect(items.count == log.rows(ofUser: user).count && items.count >= 20)
      rated.formUnion(items)
    }
    #expect(rated.count == size.itemCount)
    #expect(Set(log.titles).count > size.itemCount * 9 / 10)
  }

  @Test(arguments: [1, 2, 3])
  func starsFallAsInMovieLens(_ seed: UInt64) {
    let log = seed == 1 ? Self.small : GeneratedRatings.generate(size: .small, seed: seed)
    let summary = log.describe()
    for (bin, share) in zip(summary.histogram, [0.061, 0.114, 0.271, 0.342, 0.212]) {
      #expect(abs(Double(bin.count) / 100_000 - share) < 0.01)
    }
    #expect(abs(summary.mean - 3.53) < 0.05 && abs(summary.positiveShare - 0.554) < 0.015)
    #expect(abs((summary.tiedShare ?? 0) - 0.5) < 0.03)
    #expect(summary.perUser.least == 20 && (40...80).contains(summary.perUser.median))
    #expect(summary.perItem.most > 400 && summary.perItem.median < 40)
    #expect(summary.genres.count == 18 && summary.genres.allSatisfy { $0.ratings > 500 })
  }

  @Test func runsMoveTheNextRating() {
    var sums = [Double](repeating: 0, count: 11)
    var counts = [Double](repeating: 0, count: 11)
    let log = Self.small
    for user in 0..<log.userCount {
      var run = 0
      // Against the user's own mean, so that strict and generous users do not make the effect.
      let rows = log.rows(ofUser: user)
      let mean = log.ratings[rows].reduce(0, +) / Float(rows.count)
      for row in rows {
        sums[max(-5, min(5, run)) + 5] += Double(log.ratings[row] - mean)
        counts[max(-5, min(5, run)) + 5] += 1
        run = log.ratings[row] > 3 ? max(run, 0) + 1 : min(run, 0) - 1
      }
    }
    let means = zip(sums, counts).map { $0 / $1 }
    #expect(means[0] < means[3] && means[3] < means[7] && means[7] < means[10])
    #expect(means[10] - means[0] > 0.25)
  }

  /// Re-ranking the second half of every fifth user, all methods fitted on the rest.
  @Test(arguments: [1, 2])
  func methodsRankAsOnRealData(_ seed: UInt64) {
    let log = seed == 1 ? Self.small : GeneratedRatings.generate(size: .small, seed: seed)
    let trial = RankingTrial(log)
    let random = trial.precision { _ in 0 }
    let popularity = trial.precision { trial.counts[Int(log.items[$0])] }
    let itemMean = trial.precision { trial.means[Int(log.items[$0])] }
    let factors = trial.fittedFactors()
    let factorization = trial.precision {
      factors.predict(user: Int(log.users[$0]), item: Int(log.items[$0]))
    }
    let oracle = trial.precision { log.ratings[$0] }
    #expect(abs(random - 0.57) < 0.04)
    #expect(popularity > random + 0.04)
    #expect(itemMean > popularity + 0.05)
    #expect(factorization > itemMean + 0.02)
    #expect(oracle > factorization + 0.05)
  }

  @Test func writingStreamsTheSameRows() throws {
    let temporary = TemporaryFolder()
    let generated = GeneratedRatings(size: .tiny, seed: 4)
    var last = 0
    let checksum = try generated.write(to: "\(temporary.path)/g") { done, _ in last = done }
    #expect(last == 2_000)
    let log = generated.generate()
    let read = try RatingsSource.load("\(temporary.path)/g")
    #expect(read.checksum == checksum && log.checksum == checksum)
    #expect(read.spelled == log.spelled && read.titles == log.titles)
    #expect(read.ratingRange == log.ratingRange)
    #expect((0..<120).allSatisfy { read.genres.namesOfItem($0) == log.genres.namesOfItem($0) })
  }
}

/// Precision at 5 with positives above 3 on held-out halves.
private struct RankingTrial {
  let log: RatingsLog
  private(set) var counts: [Float]
  private(set) var means: [Float]
  private var train: [Int] = []
  private var tests: [[Int]] = []

  init(_ log: RatingsLog) {
    self.log = log
    for user in 0..<log.userCount {
      let rows = log.rows(ofUser: user)
      let kept = user % 5 == 0 ? rows.count / 2 : rows.count
      train += rows.prefix(kept)
      if rows.count - kept >= 10 { tests.append(Array(rows.dropFirst(kept))) }
    }
    counts = Array(repeating: 0, count: log.itemCount)
    var sums = counts
    for row in train {
      counts[Int(log.items[row])] += 1
      sums[Int(log.items[row])] += log.ratings[row]
    }
    means = zip(sums, counts).map { ($0 + 5 * 3.53) / ($1 + 5) }
  }

  func precision(_ score: (Int) -> Float) -> Double {
    var random = SeededGenerator(77)
    var hits = 0
    for rows in tests {
      let scored = rows.map { (row: $0, score: score($0), tie: random.next()) }
      let top = scored.sorted { ($0.score, $0.tie) > ($1.score, $1.tie) }.prefix(5)
      hits += top.count { log.ratings[$0.row] > 3 }
    }
    return Double(hits) / Double(5 * tests.count)
  }

  struct Factors {
    static let rank = 10
    var users: [Float]
    var items: [Float]
    var userBias: [Float]
    var itemBias: [Float]

    func predict(user: Int, item: Int) -> Float {
      var sum = 3.53 + userBias[user] + itemBias[item]
      for k in 0..<Self.rank { sum += users[user * Self.rank + k] * items[item * Self.rank + k] }
      return sum
    }
  }

  /// Biased matrix factorization by stochastic gradient descent.
  func fittedFactors() -> Factors {
    var random = SeededGenerator(5)
    func noise(_ count: Int) -> [Float] {
      (0..<count * Factors.rank).map { _ in Float.random(in: -0.1...0.1, using: &random) }
    }
    var factors = Factors(
      users: noise(log.userCount), items: noise(log.itemCount),
      userBias: Array(repeating: 0, count: log.userCount),
      itemBias: Array(repeating: 0, count: log.itemCount))
    var order = train
    var rate: Float = 0.01
    for _ in 0..<30 {
      order.shuffle(using: &random)
      for row in order {
        let user = Int(log.users[row])
        let item = Int(log.items[row])
        let error = log.ratings[row] - factors.predict(user: user, item: item)
        factors.userBias[user] += rate * (error - 0.05 * factors.userBias[user])
        factors.itemBias[item] += rate * (error - 0.05 * factors.itemBias[item])
        for k in 0..<Factors.rank {
          let p = factors.users[user * Factors.rank + k]
          let q = factors.items[item * Factors.rank + k]
          factors.users[user * Factors.rank + k] += rate * (error * q - 0.05 * p)
          factors.items[item * Factors.rank + k] += rate * (error * p - 0.05 * q)
        }
      }
      rate *= 0.95
    }
    return factors
  }
}
