/// Elements for each rank, or of each, in room that stays from one exchange to the next.
public final class Parcels<Element: BitwiseCopyable> {
  @usableFromInline struct Room {
    @usableFromInline var start: UnsafeMutablePointer<Element>
    @usableFromInline var count = 0
    @usableFromInline var capacity: Int
  }

  /// One a rank.
  @usableFromInline let rooms: UnsafeMutableBufferPointer<Room>

  /// No element for any of so many ranks.
  public init(ranks: Int) {
    rooms = .allocate(capacity: ranks)
    for rank in 0..<ranks {
      rooms.initializeElement(
        at: rank, to: Room(start: .allocate(capacity: 16), capacity: 16))
    }
  }

  deinit {
    for room in rooms { room.start.deallocate() }
    rooms.deallocate()
  }

  /// How many there are of each rank.
  public var counts: [Int] { rooms.map(\.count) }

  /// Those of a rank, until some are added.
  @inlinable public subscript(rank: Int) -> UnsafeMutableBufferPointer<Element> {
    UnsafeMutableBufferPointer(start: rooms[rank].start, count: rooms[rank].count)
  }

  /// Adds one behind those of a rank.
  @inlinable public func append(_ element: Element, to rank: Int) {
    if rooms[rank].count == rooms[rank].capacity { reserve(2 * rooms[rank].capacity, of: rank) }
    (rooms[rank].start + rooms[rank].count).initialize(to: element)
    rooms[rank].count += 1
  }

  /// Forgets all.
  public func removeAll() { for rank in rooms.indices { rooms[rank].count = 0 } }

  /// Makes them so many of each rank, those that come anew of any value.
  ///
  /// - Parameter counts: one a rank.
  public func resize(to counts: [Int]) {
    for (rank, count) in counts.enumerated() {
      if count > rooms[rank].capacity { reserve(count, of: rank) }
      rooms[rank].count = count
    }
  }

  @usableFromInline func reserve(_ capacity: Int, of rank: Int) {
    let old = rooms[rank].start
    rooms[rank].start = .allocate(capacity: capacity)
    rooms[rank].start.initialize(from: old, count: rooms[rank].count)
    rooms[rank].capacity = capacity
    old.deallocate()
  }
}

extension Collective {
  /// Sends every other rank its elements, and takes as many of each as `received` has of it. What
  /// this rank has for itself stays where it is.
  public func exchange<Element>(
    _ sent: Parcels<Element>, into received: Parcels<Element>
  ) throws(CollectiveError) {
    func others(_ parcels: Parcels<Element>) -> [UnsafeMutableRawBufferPointer] {
      (0..<size).map {
        $0 == rank ? .init(start: nil, count: 0) : UnsafeMutableRawBufferPointer(parcels[$0])
      }
    }
    defer { withExtendedLifetime((sent, received)) {} }
    try exchange(others(sent).map { UnsafeRawBufferPointer($0) }, into: others(received))
  }

  /// The same where the others say first how many they send: `received` takes so many of each, and
  /// none of this rank.
  public func allToAll<Element>(
    _ sent: Parcels<Element>, into received: Parcels<Element>
  ) throws(CollectiveError) {
    let counts = try allGather(sent.counts, count: size)
    received.resize(to: (0..<size).map { $0 == rank ? 0 : counts[$0 * size + rank] })
    try exchange(sent, into: received)
  }
}
