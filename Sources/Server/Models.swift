import DRRCore
import Feedback
import Platform
import Serving
import Synchronization
import Tensor

/// The models that are served, and which of them answers whom.
final class Models: Sendable {
  /// Whose share of the users a model answers.
  struct Place: Sendable {
    var name: String
    var folder: String
    /// Of all users, 0 or more; the shares need not sum to 1.
    var traffic: Double
  }

  private struct State {
    var models: [ServedModel]
  }

  private let places: [Place]
  private let makeBackend: @Sendable () throws -> any Backend
  /// nil: models stay as they are.
  private let learning: OnlineLearner.Settings?
  private let serving: Mutex<State>
  /// One reload at a time.
  private let reloading = Mutex(())

  /// - Throws: `ServingError` where a model cannot be read.
  init(
    _ places: [Place], learning: OnlineLearner.Settings? = nil,
    on makeBackend: @escaping @Sendable () throws -> any Backend
  ) throws {
    (self.places, self.makeBackend, self.learning) = (places, makeBackend, learning)
    serving = Mutex(
      State(
        models: try places.map {
          try ServedModel(name: $0.name, folder: $0.folder, on: makeBackend)
        }))
  }

  var all: [ServedModel] { serving.withLock { $0.models } }

  /// What learns on top of each model, before any feedback; none where nothing learns.
  func learners(of models: [ServedModel]? = nil) throws -> [OnlineLearner] {
    guard let learning else { return [] }
    return try (models ?? all).map { try OnlineLearner($0.model, learning) }
  }

  /// The share of the users that each model answers; sums to 1.
  var shares: [Double] {
    let total = places.reduce(0) { $0 + $1.traffic }
    return places.map { $0.traffic / total }
  }

  /// The model that answers a user: the same one as long as the shares are the same.
  func model(for user: String) -> ServedModel {
    let models = all
    guard models.count > 1 else { return models[0] }
    var checksum = Checksum()
    checksum.update(Array(user.utf8))
    // Even over the users, whatever their ids.
    let place = Double(checksum.value) * 0x1p-32
    var sum = 0.0
    for (model, share) in zip(models, shares) {
      sum += share
      if place < sum { return model }
    }
    return models.last!
  }

  func model(named name: String) -> ServedModel? { all.first { $0.name == name } }

  /// What a reload came to for a model.
  struct Reload: Codable, Sendable {
    var model: String
    var before: String
    var now: String
  }

  /// Reads every model again. All of them answer from then on, or, where one cannot be read, none.
  ///
  /// - Parameter store: whose learners become those of the new models.
  /// - Throws: `ServingError`; the models before go on answering.
  func reload(_ store: FeedbackStore) throws -> [Reload] {
    try reloading.withLock { _ in
      let before = all
      let now = try zip(places, before).map { place, old in
        try ServedModel(name: place.name, folder: place.folder, on: makeBackend)
      }
      if learning != nil { try store.learn(by: learners(of: before + now)) }
      serving.withLock { $0.models = now }
      if learning != nil { try store.learn(by: learners(of: now)) }
      return zip(before, now).map {
        Reload(model: $0.name, before: $0.version, now: $1.version)
      }
    }
  }
}
