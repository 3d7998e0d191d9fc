import DRRCore
import DRRData
import Tensor

/// What a fit begins with in place of drawn vectors: those that an earlier fit has of the same users
/// and items, by their ids.
public struct PMFStart: Sendable {
  /// Of the new data; zeros where nothing is known.
  let model: PMFModel
  let knowsUser: [Bool]
  let knowsItem: [Bool]
  /// By row of the new data, whether the earlier fit has not learned from this user's rating of this
  /// item.
  package let isUnseen: [Bool]

  /// - Parameters:
  ///   - model: an earlier fit.
  ///   - old: its data.
  ///   - rows: the rows of those that it learned from.
  ///   - new: the data that are fitted now.
  package init(
    _ model: PMFModel, of old: RatingsLog, learnedFrom rows: [Int32], for new: RatingsLog
  ) {
    let k = model.dimension
    isUnseen = new.isUnseen(by: rows, of: old)
    func moved(
      _ count: Int, _ vectors: [Float], _ biases: [Float], _ place: (Int) -> Int?
    ) -> (vectors: [Float], biases: [Float], isKnown: [Bool]) {
      var found = (
        vectors: [Float](repeating: 0, count: count * k),
        biases: [Float](repeating: 0, count: count), isKnown: [Bool](repeating: false, count: count)
      )
      for index in 0..<count {
        guard let old = place(index) else { continue }
        found.vectors.replaceSubrange(
          index * k..<(index + 1) * k, with: vectors[old * k..<(old + 1) * k])
        (found.biases[index], found.isKnown[index]) = (biases[old], true)
      }
      return found
    }
    let users = moved(new.userCount, model.userFactors, model.userBiases) {
      old.userIndex(new.userIDs[$0])
    }
    let items = moved(new.itemCount, model.itemFactors, model.itemBiases) {
      old.itemIndex(new.itemIDs[$0])
    }
    (knowsUser, knowsItem) = (users.isKnown, items.isKnown)
    self.model = PMFModel(
      dimension: k, mean: model.mean, userFactors: users.vectors, itemFactors: items.vectors,
      userBiases: users.biases, itemBiases: items.biases)
  }

  /// Users and items that the earlier fit has.
  public var known: (users: Int, items: Int) {
    (knowsUser.count { $0 }, knowsItem.count { $0 })
  }

  /// A model whose rows are the earlier fit's where it has them.
  ///
  /// - Parameter first: the first user of `drawn`.
  func over(_ drawn: PMFModel, from first: Int = 0) -> PMFModel {
    let k = drawn.dimension
    func rows(
      _ own: [Float], _ drawn: [Float], _ isKnown: [Bool], _ width: Int, from first: Int
    ) -> [Float] {
      drawn.indices.map {
        isKnown[first + $0 / width] ? own[first * width + $0] : drawn[$0]
      }
    }
    return PMFModel(
      dimension: k, mean: drawn.mean,
      userFactors: rows(model.userFactors, drawn.userFactors, knowsUser, k, from: first),
      itemFactors: rows(model.itemFactors, drawn.itemFactors, knowsItem, k, from: 0),
      userBiases: rows(model.userBiases, drawn.userBiases, knowsUser, 1, from: first),
      itemBiases: rows(model.itemBiases, drawn.itemBiases, knowsItem, 1, from: 0))
  }

  // MARK: - Files

  /// One safetensors file.
  public func bytes() throws -> [UInt8] {
    var file = SafetensorsWriter()
    try model.add(to: &file, "pmf")
    try file.add("known.users", flags: knowsUser)
    try file.add("known.items", flags: knowsItem)
    try file.add("ratings.unseen", flags: isUnseen)
    return try file.bytes()
  }

  /// Reads what ``bytes()`` holds for a log.
  ///
  /// - Throws: `CheckpointError` where the file holds another.
  public init(
    contentsOf file: SafetensorsFile, dimension: Int, for log: RatingsLog
  ) throws {
    model = try PMFModel(
      contentsOf: file, dimension: dimension, userCount: log.userCount, itemCount: log.itemCount)
    knowsUser = try file.flags("known.users", count: log.userCount)
    knowsItem = try file.flags("known.items", count: log.itemCount)
    isUnseen = try file.flags("ratings.unseen", count: log.count)
  }
}
