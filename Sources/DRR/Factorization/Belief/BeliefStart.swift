import DRRCore
import DRRData
import Tensor

extension BayesianFactorization {
  /// What a fit begins with of an earlier one.
  public struct Start: Sendable {
    let noisePrecision: Float
    let userVariances: [Float]
    let itemVariances: [Float]
    /// Of the new data; zeros where nothing is known.
    let items: Posteriors
    let isKnown: [Bool]

    /// - Parameter places: by item of the new data, its row in the earlier fit; nil: it has none.
    package init(_ model: BayesianFactorization, places: [Int?]) {
      noisePrecision = model.noisePrecision
      userVariances = model.userVariances
      itemVariances = model.items.secondMoments()
      isKnown = places.map { $0 != nil }
      var items = Posteriors(count: places.count, width: model.items.width)
      for (item, place) in places.enumerated() {
        if let place { items.copy(place, of: model.items, to: item) }
      }
      self.items = items
    }

    init(from file: SafetensorsFile, _ prefix: String, dimension: Int, isKnown: [Bool]) throws {
      let width = dimension + 1
      func variances(_ side: String) throws -> [Float] {
        try file.floats("\(prefix).\(side)_variances", .positive, shape: [width])
      }
      noisePrecision = try file.floats("\(prefix).noise", .positive, shape: [1])[0]
      (userVariances, itemVariances) = (try variances("user"), try variances("item"))
      items = Posteriors(
        width: width,
        means: try file.floats("\(prefix).means", shape: [isKnown.count * width]),
        covariances: try file.floats(
          "\(prefix).covariances", shape: [isKnown.count * triangle(width)]))
      self.isKnown = isKnown
    }

    func add(to file: inout SafetensorsWriter, _ prefix: String) throws {
      try file.add("\(prefix).noise", [noisePrecision])
      try file.add("\(prefix).user_variances", userVariances)
      try file.add("\(prefix).item_variances", itemVariances)
      try file.add("\(prefix).means", items.means)
      try file.add("\(prefix).covariances", items.covariances)
    }
  }
}

/// What a fit of beliefs begins with in place of drawn vectors: the posteriors that an earlier fit
/// has of the same items, by their ids, and the prior variances and noise that it found.
public struct BeliefStart: Sendable {
  let factorizations: [BayesianFactorization.Start]
  private let knowsItem: [Bool]
  /// By row of the new data, whether the earlier fit has not learned from this user's rating of
  /// this item.
  package let isUnseen: [Bool]

  /// - Parameters:
  ///   - model: an earlier fit.
  ///   - old: its data.
  ///   - rows: the rows of those that it learned from.
  ///   - new: the data that are fitted now.
  package init(
    _ model: BeliefModel, of old: RatingsLog, learnedFrom rows: [Int32], for new: RatingsLog
  ) {
    let places = (0..<new.itemCount).map { old.itemIndex(new.itemIDs[$0]) }
    factorizations = model.factorizations.map { .init($0, places: places) }
    knowsItem = places.map { $0 != nil }
    isUnseen = new.isUnseen(by: rows, of: old)
  }

  /// Items that the earlier fit has.
  public var knownItems: Int { knowsItem.count { $0 } }

  // MARK: - Files

  /// One safetensors file.
  public func bytes() throws -> [UInt8] {
    var file = SafetensorsWriter()
    for (index, factorization) in factorizations.enumerated() {
      try factorization.add(to: &file, "beliefs.\(index)")
    }
    try file.add("known.items", flags: knowsItem)
    try file.add("ratings.unseen", flags: isUnseen)
    return try file.bytes()
  }

  /// Reads what ``bytes()`` holds for a log.
  ///
  /// - Throws: `CheckpointError` where the file holds another, or one of other dimensions.
  public init(
    contentsOf file: SafetensorsFile, _ configuration: BeliefModel.Configuration,
    for log: RatingsLog
  ) throws {
    let knowsItem = try file.flags("known.items", count: log.itemCount)
    isUnseen = try file.flags("ratings.unseen", count: log.count)
    factorizations = try configuration.factorizations.enumerated().map { index, factorization in
      try .init(
        from: file, "beliefs.\(index)", dimension: factorization.dimension, isKnown: knowsItem)
    }
    self.knowsItem = knowsItem
  }
}
