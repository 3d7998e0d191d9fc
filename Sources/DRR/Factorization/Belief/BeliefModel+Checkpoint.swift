import DRRCore
import Tensor

extension BeliefModel {
  package func save(to file: inout SafetensorsWriter) throws {
    try file.add("beliefs.folds", foldOfUser)
    try file.add("beliefs.kinds", kinds)
    try file.add("beliefs.statistics", statistics.flatMap { $0 })
    // All of them are made where nothing was begun with.
    let sweeps = factorizations.map(\.sweeps)
    if sweeps != configuration.factorizations.map(\.sweeps) {
      try file.add("beliefs.sweeps", sweeps.map { Int64($0) })
    }
    for (index, factorization) in factorizations.enumerated() {
      let prefix = "beliefs.\(index)"
      try file.add("\(prefix).noise", [factorization.mean, factorization.noisePrecision])
      try file.add("\(prefix).user_variances", factorization.userVariances)
      try file.add("\(prefix).means", factorization.items.means)
      try file.add("\(prefix).covariances", factorization.items.covariances)
      for fold in folds.indices.dropLast() {
        try file.add("\(prefix).means.\(fold)", folds[fold][index].means)
      }
    }
  }

  /// The model as a user outside the training users sees it, without the training users' folds.
  package var withoutFolds: BeliefModel {
    var configuration = configuration
    configuration.folds = 0
    return BeliefModel(
      configuration, factorizations, folds: [folds[everything]],
      statistics: [statistics[everything]], foldOfUser: [], kinds: kinds, itemCount: itemCount)
  }

  /// Reads what `save` wrote. Throws where the file holds another model.
  package init(
    _ configuration: Configuration, contentsOf file: SafetensorsFile, userCount: Int,
    itemCount: Int
  ) throws {
    let foldOfUser = try file.int32s(
      "beliefs.folds", .below(configuration.folds + 1), shape: [userCount])
    let kinds = try file.int32s("beliefs.kinds", .below(ItemClusters.count), shape: [itemCount])
    let width = 3 * itemCount
    let statistics = try file.floats(
      "beliefs.statistics", shape: [(configuration.folds + 1) * width])
    var sweeps = configuration.factorizations.map(\.sweeps)
    if file.entry("beliefs.sweeps") != nil {
      sweeps = try file.integers("beliefs.sweeps", .count, shape: [sweeps.count])
    }
    var folds = [[BayesianFactorization.Posteriors]](repeating: [], count: configuration.folds)
    var models: [BayesianFactorization] = []
    for (index, factorization) in configuration.factorizations.enumerated() {
      let prefix = "beliefs.\(index)"
      let width = factorization.dimension + 1
      let noise = try file.floats("\(prefix).noise", shape: [2])
      try file.require(
        noise[1] > 0, "\(prefix).noise", "has a precision of \(noise[1])", "one above 0")
      let covariances = try file.floats(
        "\(prefix).covariances", shape: [itemCount * triangle(width)])
      func posteriors(_ name: String) throws -> BayesianFactorization.Posteriors {
        .init(
          width: width, means: try file.floats(name, shape: [itemCount * width]),
          covariances: covariances)
      }
      models.append(
        BayesianFactorization(
          configuration: factorization, mean: noise[0], noisePrecision: noise[1],
          userVariances: try file.floats("\(prefix).user_variances", .positive, shape: [width]),
          items: try posteriors("\(prefix).means"), sweeps: sweeps[index]))
      for fold in folds.indices {
        folds[fold].append(try posteriors("\(prefix).means.\(fold)"))
      }
    }
    self.init(
      configuration, models, folds: folds + [models.map(\.items)],
      statistics: (0...configuration.folds).map {
        Array(statistics[$0 * width..<($0 + 1) * width])
      }, foldOfUser: foldOfUser, kinds: kinds, itemCount: itemCount)
  }
}
