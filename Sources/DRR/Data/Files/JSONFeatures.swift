/// What an object of JSON tells of a thing, as names and numbers.
///
/// As Vowpal Wabbit takes them: a number by its name, a text as 1 of `name=text`, true as 1; false,
/// null and members whose names begin with _ tell nothing. What lies in an object, or in the
/// objects of a list, has the object's name before its own (`user.age`), a number in a list its
/// place behind it (`price[0]`).
package struct JSONFeatures {
  /// Bytes that a name may have.
  package static let nameLimit = 1_000

  /// The names, one behind the other, where each ends, and their numbers.
  private var bytes: [UInt8] = []
  private var ends: [Int] = []
  private var values: [Double] = []
  /// What names begin with inside of an object.
  private var path: [UInt8] = []
  private var isOverlong = false

  package init() {}

  /// Takes in an object, in place of the one before.
  ///
  /// - Note: escapes are resolved in place, so that an object can be read once.
  /// - Returns: the member `_multi` as it is written; nil: there is none.
  @discardableResult package mutating func read(
    _ object: Bytes, of file: String, _ line: Int
  ) throws(DataError) -> Bytes? {
    bytes.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
    values.removeAll(keepingCapacity: true)
    path.removeAll(keepingCapacity: true)
    isOverlong = false
    let multi: Bytes?
    do throws(JSONText.Fault) { multi = try addMembers(object, 0) } catch {
      throw JSONRows.error(object, error, file, line)
    }
    if isOverlong {
      throw .fault(
        file, line: line, found: "a feature whose name is longer than \(Self.nameLimit) bytes",
        expected: "shorter ones")
    }
    return multi
  }

  /// Calls `body` with each name and its number, in the order of the text.
  package func forEach(
    _ body: (_ name: Bytes, _ value: Double) throws(DataError) -> Void
  ) throws(DataError) {
    try bytes.withUnsafeBufferPointer { (bytes) throws(DataError) in
      var start = 0
      for (end, value) in zip(ends, values) {
        try body(Bytes(rebasing: bytes[start..<end]), value)
        start = end
      }
    }
  }

  /// Adds what the members tell of the object that stands at a place of a text.
  private mutating func addMembers(
    _ all: Bytes, _ start: Int
  ) throws(JSONText.Fault) -> Bytes? {
    var (text, multi) = (JSONText(all, at: start), nil as Bytes?)
    let outer = path.count
    try text.forEachMember { (name, value, isText) throws(JSONText.Fault) in
      if name.first == UInt8(ascii: "_") {
        if outer == 0, name.elementsEqual("_multi".utf8) { multi = value }
        return
      }
      path.append(contentsOf: name)
      try add(value, isText, of: all)
      path.removeLast(path.count - outer)
    }
    return multi
  }

  private mutating func addElements(_ all: Bytes, _ start: Int) throws(JSONText.Fault) {
    var (text, place) = (JSONText(all, at: start), 0)
    let outer = path.count
    try text.forEachElement { (value, isText) throws(JSONText.Fault) in
      if !isText, value.first != UInt8(ascii: "{") { path.append(contentsOf: "[\(place)]".utf8) }
      try add(value, isText, of: all)
      path.removeLast(path.count - outer)
      place += 1
    }
  }

  /// Adds what a value in a text tells under the name that is the path.
  private mutating func add(
    _ value: Bytes, _ isText: Bool, of all: Bytes
  ) throws(JSONText.Fault) {
    if isText {
      path.append(UInt8(ascii: "="))
      path.append(contentsOf: value)
      return add(1)
    }
    let start = value.baseAddress! - all.baseAddress!
    switch value.first {
    case UInt8(ascii: "{"):
      path.append(UInt8(ascii: "."))
      _ = try addMembers(all, start)
    case UInt8(ascii: "["): try addElements(all, start)
    case UInt8(ascii: "t"): add(1)
    default: if let number = Number.decimal(value) { add(number) }
    }
  }

  private mutating func add(_ number: Double) {
    if path.count > Self.nameLimit {
      isOverlong = true
      return
    }
    bytes.append(contentsOf: path)
    ends.append(bytes.count)
    values.append(number)
  }
}
