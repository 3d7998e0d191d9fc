// An algorithm of one's own by the run engine, interrupted: swift run CustomAlgorithm FOLDER
import DRR

/// The cross-entropy method (Rubinstein 1999) for the gain K of u = −Kx in a `PointWorld`.
struct CrossEntropy: RunSettings {
  static let algorithms = ["cross-entropy"]
  var seed: UInt64 = 0
  var generations = 12
  func validate() throws {
    if generations < 1 { throw ConfigurationError("generations is \(generations), want 1 or more") }
  }
}

final class CrossEntropyTrainer: Trainer {
  struct Report: Codable, Sendable { var gain: Double }
  let settings: CrossEntropy
  private(set) var (step, mean, deviation) = (0, 0.5, 0.5)
  var steps: Int { settings.generations }
  init(_ settings: CrossEntropy) { self.settings = settings }

  /// Draws gains, by the step alone, and goes where the best fifth of them are.
  func advance() -> Report? {
    var random = Philox(key: settings.seed, stream: 1_000, counter: UInt64(step) << 32)
    let best = (0..<100).map { _ in mean + deviation * Double(random.normal()) }
      .sorted { cost($0) < cost($1) }.prefix(20)
    mean = best.reduce(0, +) / 20
    deviation = (best.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 20).squareRoot()
    step += 1
    return Report(gain: mean)
  }

  /// Σ γᵗ (x² + ρu²) from x = 1 on.
  func cost(_ k: Double) -> Double {
    let rest = PointWorld().discount * (1 - k) * (1 - k)
    return rest < 1 ? (1 + PointWorld().effort * k * k) / (1 - rest) : .infinity
  }

  func isFinite() -> Bool { mean.isFinite && deviation.isFinite }
  func save(to file: inout SafetensorsWriter) throws {
    try file.add("state", [Double(step), mean, deviation])
  }
  func restore(from file: SafetensorsFile) throws {
    let state = try file.doubles("state", shape: [3])
    (step, mean, deviation) = (Int(state[0]), state[1], state[2])
  }
}

let folder = CommandLine.arguments.dropFirst().first ?? "runs/cross-entropy"
let run = try Run(CrossEntropy(), folder: RunFolder(folder))
try run.begin(fresh: true)
let first = CrossEntropyTrainer(run.settings)
var observer = Observer()
observer.shouldStop = { first.step == 5 }
do { try run.train(first, device: "cpu", observer) } catch is Interrupted {}
let (second, whole) = (CrossEntropyTrainer(run.settings), CrossEntropyTrainer(run.settings))
try run.train(second, device: "cpu")
while !whole.isFinished { _ = whole.advance() }
print("gain \(second.mean) at step \(second.step), the best is \(PointWorld().bestGain)")
print("resumed to the same bits:", first.step == 5 && second.mean == whole.mean)
