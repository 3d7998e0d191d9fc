import ArgumentParser
import DRR
import Kernels
import Tensor

/// PMF's error on the five official splits of MovieLens 100K.
struct Splits: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Fit PMF on u1 to u5 of MovieLens 100K and print its test errors.",
    discussion: """
      Five percent of each base part decide when to stop; the test part is only measured on.

      Example:
        drr bench splits ml-100k.zip
      """)

  @Argument(help: "The folder or .zip of MovieLens 100K.")
  var data: String
  @Option(help: "cpu or opencl[:P:D].")
  var device = "cpu"
  @Option(help: "Draws the first vectors and the order.")
  var seed: UInt64 = 0

  func run() throws {
    guard let request = DeviceRequest(device), request != .auto else {
      throw ValidationError("--device is \(device); it must be cpu or opencl[:P:D].")
    }
    let backend = try DeviceCatalog.backend(for: DeviceCatalog.resolve(request))
    var errors: [Double] = []
    for number in 1...5 {
      let split = try MovieLens100K.officialSplit(data, number)
      let trainer = try PMFTrainer(
        PMFConfiguration(), log: split.train, rows: (0..<Int32(split.train.count)).map { $0 },
        scale: .fiveStars, seed: seed, on: backend)
      let start = ContinuousClock.now
      while !trainer.isFinished { _ = try trainer.runEpoch() }
      let best = trainer.best!
      let error = best.model.rootMeanSquaredError(
        split.test, rows: 0..<split.test.count, scale: .fiveStars)
      errors.append(error)
      print(
        "u\(number): test RMSE \(decimal(error, 4)), held-out \(decimal(best.error, 4)), "
          + "epoch \(best.epoch) of \(trainer.epoch), "
          + "\(decimal((ContinuousClock.now - start).seconds, 1)) s")
    }
    print("mean: \(decimal(errors.reduce(0, +) / 5, 4))")
  }
}
