import DRR
import Essentials
import Tensor
import Terminal

/// PMF's epochs, beside LIBMF's on the same ratings; a tenth of them only tells the error.
extension Updates {
  func epochs(in room: Room) throws -> [Figure] {
    let log = try RatingsSource.load(pmfData)
    var random = Philox(seed: 1, stream: 0)
    let shuffled = (0..<Int32(log.count)).shuffled(using: &random)
    let (test, training) = (
      Array(shuffled.prefix(log.count / 10)), Array(shuffled.dropFirst(log.count / 10))
    )
    let libmf = try libmf(log, training, test, in: room)
    return try pmf.map { k in
      room.step("PMF, k \(k)")
      var figure = try epochs(k, log, training, test, in: room)
      if let row = libmf?.rows.first(where: { $0.k == k }), let name = libmf?.peer {
        let once = [row.secondsPerEpoch]
        figure.add(peer: name, Samples(wall: once, cpu: once))
        figure.values!["test RMSE, LIBMF"] = row.testRMSE.last
      }
      return figure
    }
  }

  private func epochs(
    _ k: Int, _ log: RatingsLog, _ training: [Int32], _ test: [Int32], in room: Room
  ) throws -> Figure {
    var configuration = PMFConfiguration()
    configuration.choose(.sgd, ratings: training.count)
    configuration.dimension = k
    configuration.epochs = pmfEpochs
    configuration.holdoutShare = 0
    func trainer() throws -> PMFTrainer {
      try PMFTrainer(
        configuration, log: log, rows: training, scale: .fiveStars, seed: 0, on: room.backend)
    }
    let judged = try trainer()
    while !judged.isFinished { _ = try judged.runEpoch() }
    let error = judged.best!.model.rootMeanSquaredError(
      log, rows: test.map { Int($0) }, scale: .fiveStars)

    let timed = try trainer()
    let counts = try room.counts(of: 1) { try timed.pass() }
    var harness = room.harness
    (harness.calls, harness.mostSeconds) = (1, 10)
    let samples = try harness.measure([room.work("epoch") { try timed.pass() }])[0]
    var figure = Figure(
      "updates", "PMF epoch, k \(k), \(training.count) ratings", samples, in: room)
    figure.counts = counts
    figure.values = [
      "ratings/s": Double(training.count) / (figure.time?.median ?? .infinity),
      "test RMSE": error,
    ]
    return figure
  }

  /// What bench/peers/libmf.py prints.
  private struct LibMF: Decodable {
    var peer: String
    var rows: [Row]

    struct Row: Decodable {
      var k: Int
      var secondsPerEpoch: Double
      var testRMSE: [Double]
    }
  }

  private func libmf(
    _ log: RatingsLog, _ training: [Int32], _ test: [Int32], in room: Room
  ) throws -> LibMF? {
    guard room.isProcessor, !measuring.noPeers else { return nil }
    let script = "\(measuring.peers)/libmf.py"
    guard readText(script) != nil else {
      room.skip("LIBMF is left out: there is no \(script)")
      return nil
    }
    let folder = try TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    for (name, rows) in [("train", training), ("test", test)] {
      let lines = rows.map { row in
        let i = Int(row)
        return "\(log.users[i]) \(log.items[i]) \(log.ratings[i])\n"
      }
      try AtomicFile.write(lines.joined(), to: "\(folder.path)/\(name)")
    }
    let words =
      [measuring.python, script, "\(folder.path)/train", "\(folder.path)/test", "--k"]
      + pmf.map(String.init) + ["--threads", "\(room.threads)", "--epochs", "\(pmfEpochs)"]
    let outcome = try ChildProcess.run(words, quietly: true)
    let line = outcome.output.split(separator: "\n").last ?? ""
    guard outcome.code == 0,
      let answer = try? JSONDecoder().decode(LibMF.self, from: Data(line.utf8))
    else {
      room.skip("LIBMF is left out: `\(words.joined(separator: " "))` printed no figures")
      return nil
    }
    return answer
  }
}
