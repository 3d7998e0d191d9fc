import DRRCore
import Factorization
import Tensor

/// The fit of a factorisation as a stage of a run: a step is a batch, and each epoch is saved.
final class PMFStage: Trainer {
  let trainer: PMFTrainer
  private var observer = Observer()

  init(_ trainer: PMFTrainer) { self.trainer = trainer }

  var step: Int { isFinished ? steps : trainer.epoch * trainer.batchesPerEpoch }
  var steps: Int { trainer.configuration.epochs * trainer.batchesPerEpoch }
  var isFinished: Bool { trainer.isFinished }
  var savesEachStep: Bool { true }
  func watch(_ observer: Observer) { self.observer = observer }

  /// An epoch. One that would outlast the second in which a run ends and saves is given up; what is
  /// saved is the one before.
  func advance() throws -> PMFTrainer.EpochReport? {
    let done = trainer.epoch * trainer.batchesPerEpoch
    let note =
      trainer.configuration.stepsName
      + (trainer.best.map { ", RMSE \(decimal($0.error, 4))" } ?? "")
    let start = ContinuousClock.now
    return try trainer.runEpoch {
      observer.progress(done + $0, steps, note)
      let left =
        (ContinuousClock.now - start).seconds / Double($0)
        * Double(trainer.batchesPerEpoch - $0)
      if left > 0.1 && observer.shouldStop() { throw Interrupted(step: done) }
    }
  }

  func summary(of report: PMFTrainer.EpochReport) -> String {
    ", RMSE \(decimal(trainer.best?.error ?? report.error, 4))"
  }

  func isFinite(_ report: PMFTrainer.EpochReport) -> Bool { report.error.isFinite }
  func isFinite() -> Bool { true }
  func save(to file: inout SafetensorsWriter) throws { try trainer.save(to: &file) }
  func restore(from file: SafetensorsFile) throws { try trainer.restore(from: file) }
}
