import DRRData
import Tensor

/// Numbers, categories and named features of things, one row a thing; a category counts as one
/// column a level.
public struct FeatureTable: Sendable {
  public private(set) var numberNames: [String]
  public private(set) var categoryNames: [String]
  /// The levels of each category, in the order of their first row.
  public private(set) var levels: [[String]]
  /// [rows, numbers].
  private var numbers: [Float] = []
  /// [rows, categories].
  private var codes: [UInt16] = []
  private var seen: [RawIDs]
  /// Behind the columns of all others.
  let named: NamedFeatures?
  public private(set) var count = 0

  /// Levels that one category can have.
  static let levelLimit = Int(UInt16.max)

  public init(numbers: [String] = [], categories: [String] = []) {
    numberNames = numbers
    categoryNames = categories
    levels = categories.map { _ in [] }
    seen = categories.map { _ in RawIDs() }
    named = nil
  }

  /// Rows of named features alone.
  public init(_ named: NamedFeatures) {
    (numberNames, categoryNames, levels, seen) = ([], [], [], [])
    self.named = named
    count = named.count
  }

  /// Rows of numbers, called `x1`, `x2`, ....
  public init(_ rows: [[Double]]) {
    self.init(numbers: (0..<(rows.first?.count ?? 0)).map { "x\($0 + 1)" })
    for row in rows { append(numbers: row) }
  }

  /// Columns once every level has its own.
  public var width: Int { levels.reduce(numberNames.count + (named?.width ?? 0)) { $0 + $1.count } }

  public mutating func append(numbers row: [Double]) {
    require(
      row.count == numberNames.count && categoryNames.isEmpty && named == nil,
      "a row of \(row.count) numbers for \(numberNames.count) columns")
    for value in row { numbers.append(Float(value)) }
    count += 1
  }

  mutating func append(number: Double) { numbers.append(Float(number)) }

  /// Adds a category of the row that is being written; false above the limit of levels.
  mutating func append(level: Bytes, of category: Int) -> Bool {
    let code = Int(seen[category].intern(level))
    if code == levels[category].count {
      if code >= Self.levelLimit { return false }
      levels[category].append(seen[category][code])
    }
    codes.append(UInt16(code))
    return true
  }

  mutating func endRow() { count += 1 }

  /// Calls `body` with each column of a row that is not 0, and its value.
  @inline(__always)
  func forEach(of row: Int, _ body: (Int, Double) -> Void) {
    for at in 0..<numberNames.count {
      let value = numbers[row * numberNames.count + at]
      if value != 0 { body(at, Double(value)) }
    }
    var first = numberNames.count
    for at in 0..<categoryNames.count {
      body(first + Int(codes[row * categoryNames.count + at]), 1)
      first += levels[at].count
    }
    named?.forEach(of: row) { body(first + $0, $1) }
  }

  /// A row with every level as a column of 0 or 1, and a column a named feature.
  public func vector(_ row: Int) -> [Double] {
    var vector = [Double](repeating: 0, count: width)
    forEach(of: row) { vector[$0] = $1 }
    return vector
  }

  /// The numbers of a row alone.
  func numbers(of row: Int) -> ArraySlice<Float> {
    numbers[row * numberNames.count..<(row + 1) * numberNames.count]
  }

  /// What a row has in each category.
  func levels(of row: Int) -> [String] {
    categoryNames.indices.map { levels[$0][Int(codes[row * categoryNames.count + $0])] }
  }
}
