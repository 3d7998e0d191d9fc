import DRRCore
import DRRData
import DRRTestSupport
import Factorization
import Tensor
import TestSupport
import Testing

@Suite("Beliefs that begin with earlier ones")
struct BeliefStartTests {
  private static let old = Worlds.tiny
  /// With users and items of its own, one of each with an id that is no number: all stand in the
  /// order of their ids as texts, which in the old data they do not.
  private static let new = Result {
    let known = (0..<12).map { RatingsLog.Row(user: "77", item: "\($0 + 1)", rating: 4, time: 9) }
    let others = (0..<20).flatMap { user in
      ["x", "300", "5"].map {
        RatingsLog.Row(user: "u\(user)", item: $0, rating: Float(1 + user % 5), time: 9)
      }
    }
    return try old.joined(with: RatingsLog(name: "new", rows: known + others, range: 1...5))
  }
  /// What the earlier fit learned from.
  private static let rows = UserSplit(old, BeliefWorlds.evaluation).visibleRows(in: old)

  private static func start() throws -> BeliefStart {
    try BeliefStart(BeliefWorlds.model, of: old, learnedFrom: rows, for: new.get())
  }

  private static func read(
    _ bytes: [UInt8], _ configuration: BeliefModel.Configuration = BeliefWorlds.configuration,
    for log: RatingsLog
  ) throws -> BeliefStart {
    try BeliefStart(
      contentsOf: SafetensorsFile(bytes: bytes, name: "start"), configuration, for: log)
  }

  @Test("an item's posterior is found by its id, whatever the order")
  func moved() throws {
    let (old, new) = (Self.old, try Self.new.get())
    let order = (0..<new.itemCount).compactMap { old.itemIndex(new.itemIDs[$0]) }
    #expect(order.count == old.itemCount && order != order.sorted())
    let start = try Self.start()
    #expect(start.knownItems == 120 && new.itemCount == 122)
    let file = try SafetensorsFile(bytes: start.bytes(), name: "start")
    for (index, earlier) in try BeliefWorlds.model.factorizations.enumerated() {
      let (width, size) = (earlier.items.width, triangle(earlier.items.width))
      let means = try file.floats("beliefs.\(index).means")
      let covariances = try file.floats("beliefs.\(index).covariances")
      for item in 0..<new.itemCount {
        let place = old.itemIndex(new.itemIDs[item])
        let mean = means[item * width..<(item + 1) * width]
        let covariance = covariances[item * size..<(item + 1) * size]
        #expect(
          Array(mean) == place.map { Array(earlier.items.means[$0 * width..<($0 + 1) * width]) }
            ?? Array(repeating: 0, count: width))
        #expect(
          Array(covariance)
            == place.map { Array(earlier.items.covariances[$0 * size..<($0 + 1) * size]) }
            ?? Array(repeating: 0, count: size))
      }
    }
  }

  @Test("what the earlier fit has not learned is what it has not seen of its own data, and the new")
  func unseen() throws {
    let (old, new) = (Self.old, try Self.new.get())
    let learned = Set(
      Self.rows.map { row in
        [old.userIDs[Int(old.users[Int(row)])], old.itemIDs[Int(old.items[Int(row)])]]
      })
    #expect(learned.count < old.count)
    let expected = (0..<new.count).map { row in
      !learned.contains([new.userIDs[Int(new.users[row])], new.itemIDs[Int(new.items[row])]])
    }
    #expect(try Self.start().isUnseen == expected)
  }

  @Test("it is the same from its file, and another's is refused")
  func file() throws {
    let new = try Self.new.get()
    let bytes = try Self.start().bytes()
    #expect(try Self.read(bytes, for: new).bytes() == bytes)
    #expect(throws: CheckpointError.self) { try Self.read(bytes, for: Self.old) }
    var wider = BeliefWorlds.configuration
    wider.factorizations[1].dimension = 4
    #expect(throws: CheckpointError.self) { try Self.read(bytes, wider, for: new) }
    let file = try SafetensorsFile(bytes: bytes, name: "start")
    for (name, value, why) in [
      ("beliefs.0.noise", 0, "above 0"), ("beliefs.1.item_variances", -1, "above 0"),
      ("beliefs.0.user_variances", 0, "above 0"), ("beliefs.1.means", .nan, "a finite number"),
      ("beliefs.0.covariances", .infinity, "a finite number"), ("known.items", 2, "0 ... 1"),
    ] as [(String, Double, String)] {
      let damaged = try file.changing(name, at: 0, to: value).bytes()
      #expect {
        try Self.read(damaged, for: new)
      } throws: {
        "\($0)".contains("'\(name)'") && "\($0)".contains(why)
      }
    }
  }

  /// The first nine tenths in time are known before; a tenth of all is held out of every fit.
  @Test("on grown data it is as near what is held out in fewer sweeps than drawn vectors")
  func nearer() throws {
    let log = GeneratedRatings.generate(size: .small)
    let learned = (0..<log.count).filter { $0 % 10 != 0 }
    let cut = log.times.sorted()[log.count * 9 / 10]
    let before = RatingsLog(
      name: "before",
      rows: learned.filter { log.times[$0] < cut }.map {
        RatingsLog.Row(
          user: log.userIDs[Int(log.users[$0])], item: log.itemIDs[Int(log.items[$0])],
          rating: log.ratings[$0], time: log.times[$0])
      }, range: 1...5)
    let places = (0..<log.itemCount).map { before.itemIndex(log.itemIDs[$0]) }
    #expect(before.userCount < log.userCount && before.itemCount < log.itemCount)
    func fit(
      _ log: RatingsLog, _ rows: [Int], from start: BayesianFactorization.Start? = nil,
      sweeps: Int = 12
    ) throws -> BayesianFactorization {
      var configuration = BayesianFactorization.Configuration(dimension: 5)
      configuration.sweeps = sweeps
      return try BayesianFactorization.fit(
        configuration, .init(log, rows: rows.map { Int32($0) }, scale: .fiveStars), from: start,
        seed: 1
      ).model
    }
    func error(_ model: BayesianFactorization) -> Double {
      let (width, means) = (model.items.width, model.items.means)
      func reward(_ row: Int) -> Float { (log.ratings[row] - 3) / 2 }
      let users = (0..<log.userCount).map { user in
        var sum = GaussianAccumulator(priorVariances: model.userVariances)
        for row in log.rows(ofUser: user) where row % 10 != 0 {
          sum.observe(
            reward(row), model.items, Int(log.items[row]), mean: model.mean,
            noisePrecision: model.noisePrecision)
        }
        return sum.mean()
      }
      let squares = stride(from: 0, to: log.count, by: 10).map { row in
        let user = users[Int(log.users[row])]
        let item = means[Int(log.items[row]) * width..<(Int(log.items[row]) + 1) * width]
        let bias = model.mean + user.last! + item.last!
        let error = zip(user, item).dropLast().reduce(bias) { $0 + $1.0 * $1.1 } - reward(row)
        return Double(error * error)
      }
      return (squares.reduce(0, +) / Double(squares.count)).squareRoot()
    }
    let earlier = try fit(before, Array(0..<before.count))
    let warm = try fit(log, learned, from: .init(earlier, places: places))
    let (drawn, short) = (try fit(log, learned), try fit(log, learned, sweeps: warm.sweeps))
    #expect(warm.sweeps <= 6 && drawn.sweeps == 12, "\(warm.sweeps)")
    let errors = [warm, drawn, short].map(error)
    #expect(errors[0] < 1.005 * errors[1] && errors[2] > 1.01 * errors[0], "\(errors)")
    #expect(
      warm.noisePrecision > 0.99 * drawn.noisePrecision,
      "\(warm.noisePrecision) and \(drawn.noisePrecision)")
  }

  @Test("the model tells its sweeps, and its file keeps them; one that is drawn makes all")
  func sweeps() throws {
    let new = try Self.new.get()
    var configuration = BeliefWorlds.configuration
    for index in 0..<2 { configuration.factorizations[index].sweeps = 60 }
    func fit(from start: BeliefStart?) throws -> BeliefModel {
      try BeliefModel(
        configuration, new, UserSplit(new, BeliefWorlds.evaluation), scale: .fiveStars, from: start,
        seed: 1)
    }
    for start in [nil, try Self.start()] {
      let model = try fit(from: start)
      let sweeps = model.factorizations.map(\.sweeps)
      #expect(start == nil ? sweeps == [60, 60] : sweeps.allSatisfy { $0 < 30 }, "\(sweeps)")
      var file = SafetensorsWriter()
      try model.save(to: &file)
      let kept = try SafetensorsFile(bytes: file.bytes(), name: "beliefs")
      #expect((kept.entry("beliefs.sweeps") == nil) == (start == nil))
      let read = try BeliefModel(
        configuration, contentsOf: kept, userCount: new.userCount, itemCount: new.itemCount)
      #expect(read.factorizations.map(\.sweeps) == sweeps)
    }
    let again = try [fit(from: Self.start()), fit(from: Self.start())]
    #expect(again[0].vectors(0) == again[1].vectors(0))
  }
}
