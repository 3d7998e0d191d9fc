import ArgumentParser
import DRR
import Kernels
import Tensor

/// The trainer that is measured, and where.
struct TrainerOptions: ParsableArguments {
  @Option(help: "cpu or opencl[:P:D].")
  var device = "cpu"
  @Option(help: "Width of the hidden layers.")
  var hidden = 128
  @Option(help: "Transitions an update.")
  var batch = 64
  @Option(help: "k, the length of the vectors.")
  var dimension = 100

  func backend() throws -> any Backend {
    guard let request = DeviceRequest(device), request != .auto else {
      throw ValidationError("--device is \(device); it must be cpu or opencl[:P:D].")
    }
    return try DeviceCatalog.backend(for: DeviceCatalog.resolve(request))
  }

  /// Past its exploration and before its end, on vectors that were drawn, not fitted.
  func trainer(
    on backend: any Backend, _ change: (inout DRRConfiguration) -> Void = { _ in }
  ) throws -> DRRTrainer {
    let log = GeneratedRatings.generate(size: .small)
    let split = UserSplit(log, EvaluationProtocol())
    let scale = RewardScale.fiveStars
    var random = Philox(seed: 0, stream: 0)
    func draws(_ count: Int) -> [Float] { (0..<count).map { _ in 0.05 * random.normal() } }
    let model = PMFModel(
      dimension: dimension, mean: 0, userFactors: draws(log.userCount * dimension),
      itemFactors: draws(log.itemCount * dimension), userBiases: draws(log.userCount),
      itemBiases: draws(log.itemCount))
    var configuration = DRRConfiguration()
    configuration.ddpg.hidden = hidden
    configuration.ddpg.batchSize = batch
    configuration.learningStarts = batch
    configuration.steps = 1_000_000_000
    change(&configuration)
    let environment = try RatingEnvironment(
      log: log, split: split, model: model,
      statistics: ItemStatistics(log, split, scale: scale), window: configuration.window,
      sessionLength: configuration.sessionLength, scale: scale, seed: 0)
    return try DRRTrainer(configuration, environment: environment, seed: 0, on: backend)
  }
}
