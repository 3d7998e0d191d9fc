import Tensor

/// Processes or threads that work on one thing, each calling the same operations in the same order
/// (the model of the Message Passing Interface).
///
/// Where a rank is lost, the others' next operation throws ``CollectiveError``.
public protocol Collective: AnyObject {
  /// 0 ..< size.
  var rank: Int { get }
  var size: Int { get }

  /// Sends `sent[r]` to every rank r, this one too, and fills `received[r]` with what r sends here,
  /// which has that length. Every other operation is made of it.
  func exchange(
    _ sent: [UnsafeRawBufferPointer], into received: [UnsafeMutableRawBufferPointer]
  ) throws(CollectiveError)
}

extension Collective {
  /// Whether this rank speaks and writes for all.
  public var leads: Bool { rank == 0 }

  /// This rank's part of so many things in a row.
  public func share(of count: Int) -> Range<Int> { share(of: count, rank: rank) }

  /// The part of another rank.
  package func share(of count: Int, rank: Int) -> Range<Int> {
    count * rank / size..<count * (rank + 1) / size
  }

  /// Each rank's part of things in a row, in order of rank, of about equal work.
  ///
  /// - Parameter work: of each thing, 1 or more.
  public func shares(ofWork work: [Int]) -> [Range<Int>] { ranges(of: work, parts: size) }

  /// Returns when every rank has come here.
  public func barrier() throws(CollectiveError) { _ = try allGather([UInt8(0)], count: 1) }

  /// What rank `root` gave.
  public func broadcast<Element: BitwiseCopyable & Sendable>(
    _ values: [Element], root: Int
  ) throws(CollectiveError) -> [Element] {
    guard size > 1 else { return values }
    let count = try allGather([values.count], count: 1)[root]
    // Each hands on a share of it, so that the root does not send it all to each.
    var parts = [Element]()
    if rank == root { parts = values }
    let share = share(of: count)
    let own = try scatter(parts, count: count, from: root, share.count)
    return try allGather(own).flatMap { $0 }
  }

  /// The value that rank `root` gave, by one exchange.
  func broadcast<Element: BitwiseCopyable & Sendable>(
    _ value: Element, root: Int
  ) throws(CollectiveError) -> Element {
    size > 1 ? try allGather([value], count: 1)[root] : value
  }

  private func scatter<Element: BitwiseCopyable & Sendable>(
    _ values: [Element], count: Int, from root: Int, _ own: Int
  ) throws(CollectiveError) -> [Element] {
    let sent = Elements(values)
    let received = Elements<Element>(own)
    try exchange(
      (0..<size).map { rank == root ? sent[share(of: count, rank: $0)] : sent[0..<0] },
      into: (0..<size).map { $0 == root ? received[0..<own] : received[0..<0] })
    return received.array
  }

  /// What each rank gave, in order of rank.
  public func allGather<Element: BitwiseCopyable & Sendable>(
    _ values: [Element]
  ) throws(CollectiveError) -> [[Element]] {
    guard size > 1 else { return [values] }
    let counts = try allGather([values.count], count: 1)
    let sent = Elements(values)
    let received = counts.map { Elements<Element>($0) }
    try exchange(
      Array(repeating: sent[0..<sent.count], count: size),
      into: received.map { $0[0..<$0.count] })
    return received.map(\.array)
  }

  /// The same of so many from each, joined.
  func allGather<Element: BitwiseCopyable & Sendable>(
    _ values: [Element], count: Int
  ) throws(CollectiveError) -> [Element] {
    let sent = Elements(values)
    let received = Elements<Element>(count * size)
    try exchange(
      Array(repeating: sent[0..<count], count: size),
      into: (0..<size).map { received[$0 * count..<($0 + 1) * count] })
    return received.array
  }

  /// Fills in what the other ranks have of an array that each holds whole, in its place: nothing is
  /// held twice.
  ///
  /// - Parameter parts: of each rank, in order of rank; alike in every rank.
  public func gather<Element: BitwiseCopyable & Sendable>(
    _ values: inout [Element], parts: [Range<Int>]
  ) throws(CollectiveError) {
    guard size > 1 else { return }
    try values.withUnsafeMutableBufferPointer { (all) throws(CollectiveError) in
      func piece(_ rank: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: all[parts[rank]]))
      }
      let none = UnsafeMutableRawBufferPointer(start: nil, count: 0)
      try exchange(
        (0..<size).map { UnsafeRawBufferPointer($0 == rank ? none : piece(rank)) },
        into: (0..<size).map { $0 == rank ? none : piece($0) })
    }
  }

  /// The lists of all ranks, in order of rank.
  public func gather<Element: BitwiseCopyable & Sendable>(
    _ lists: [[Element]]
  ) throws(CollectiveError) -> [[Element]] {
    guard size > 1 else { return lists }
    let lengths = try allGather(lists.map(\.count)).flatMap { $0 }
    let all = try allGather(Array(lists.joined())).flatMap { $0 }
    var first = 0
    return lengths.map { length in
      defer { first += length }
      return Array(all[first..<first + length])
    }
  }
}

/// Parts of things in a row, of about equal work: none of things that are none.
///
/// - Parameter work: of each thing.
func ranges(of work: [Int], parts: Int) -> [Range<Int>] {
  let total = work.reduce(0, +)
  var (starts, done) = ([Int](), 0)
  for place in work.indices {
    while starts.count < parts, done >= total * starts.count / parts {
      starts.append(done < total ? place : work.count)
    }
    done += work[place]
  }
  starts += Array(repeating: work.count, count: parts + 1 - starts.count)
  return (0..<parts).map { starts[$0]..<starts[$0 + 1] }
}

// MARK: - Sums

extension Collective {
  /// The sums over all ranks: equal bits on each, and in each run.
  ///
  /// Ranks are added by the tree of ``PartSums``, wherever they compute.
  public func allReduce(_ values: [Double]) throws(CollectiveError) -> [Double] {
    var values = values
    try reduce(&values, among: self)
    return values
  }

  /// The same in place, in room for the shares of ``room(toReduce:)`` values.
  func allReduce(
    _ values: UnsafeMutableBufferPointer<Float>, by room: UnsafeMutableBufferPointer<Float>
  ) throws(CollectiveError) {
    try reduce(values, by: room, among: self)
  }

  /// How many values all ranks' parts of one share may be.
  func room(toReduce count: Int) -> Int { (count / size + 1) * size }
}

private func reduce<Element: FloatingPoint & BitwiseCopyable & Sendable>(
  _ values: inout [Element], among ranks: any Collective
) throws(CollectiveError) {
  guard ranks.size > 1 else { return }
  let room = Elements<Element>(ranks.room(toReduce: values.count))
  defer { withExtendedLifetime(room) {} }
  try values.withUnsafeMutableBufferPointer { (all) throws(CollectiveError) in
    try reduce(all, by: room.buffer, among: ranks)
  }
}

/// Each rank adds up a share of the elements, and all then gather them: a rank sends and receives
/// 2 (P − 1) / P of the values (Thakur, Rabenseifner & Gropp 2005).
private func reduce<Element: FloatingPoint>(
  _ values: UnsafeMutableBufferPointer<Element>, by room: UnsafeMutableBufferPointer<Element>,
  among ranks: any Collective
) throws(CollectiveError) {
  guard ranks.size > 1 else { return }
  let shares = (0..<ranks.size).map {
    UnsafeMutableRawBufferPointer(.init(rebasing: values[ranks.share(of: values.count, rank: $0)]))
  }
  let own = ranks.share(of: values.count).count
  let parts = (0..<ranks.size).map {
    UnsafeMutableRawBufferPointer(.init(rebasing: room[$0 * own..<($0 + 1) * own]))
  }
  try ranks.exchange(shares.map { UnsafeRawBufferPointer($0) }, into: parts)
  PartSums.add(room, count: ranks.size, width: own)
  try ranks.exchange(
    Array(repeating: UnsafeRawBufferPointer(parts[0]), count: ranks.size), into: shares)
}

// MARK: - Errors

/// Why the ranks cannot go on together.
public enum CollectiveError: Error, Equatable, CustomStringConvertible {
  /// A rank stopped; `reason` is its error.
  case lost(rank: Int, reason: String)
  /// An operation of the library failed.
  case refused(operation: String, reason: String)
  /// Processes were started together, and cannot find each other.
  case missing(String)

  public var description: String {
    switch self {
    case .lost(let rank, let reason): "rank \(rank) stopped: \(reason)"
    case .refused(let operation, let reason): "\(operation) failed: \(reason)"
    case .missing(let reason): reason
    }
  }
}

/// A collective of one.
public final class SoleCollective: Collective {
  public let rank = 0
  public let size = 1

  public init() {}

  public func exchange(
    _ sent: [UnsafeRawBufferPointer], into received: [UnsafeMutableRawBufferPointer]
  ) { received[0].copyMemory(from: sent[0]) }
}

/// Elements that stay where they are while they are sent.
private final class Elements<Element: BitwiseCopyable> {
  let buffer: UnsafeMutableBufferPointer<Element>

  /// So many, of any value.
  init(_ count: Int) { buffer = .allocate(capacity: count) }

  init(_ values: [Element]) {
    buffer = .allocate(capacity: values.count)
    _ = buffer.initialize(from: values)
  }

  deinit { buffer.deallocate() }

  var count: Int { buffer.count }
  var array: [Element] { Array(buffer) }

  subscript(range: Range<Int>) -> Piece {
    Piece(
      holder: self,
      bytes: UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[range])))
  }
}

/// Some of them, which are there as long as it is.
private struct Piece {
  let holder: AnyObject
  let bytes: UnsafeMutableRawBufferPointer
}

extension Collective {
  fileprivate func exchange(
    _ sent: [Piece], into received: [Piece]
  ) throws(CollectiveError) {
    defer { withExtendedLifetime((sent, received)) {} }
    try exchange(sent.map { UnsafeRawBufferPointer($0.bytes) }, into: received.map(\.bytes))
  }
}
