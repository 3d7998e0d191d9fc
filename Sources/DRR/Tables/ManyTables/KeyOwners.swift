import DRRCore

/// The ranks as owners of keys: each is asked what its keys are worth, each key once a question, and
/// is sent what they learn. Nothing goes anywhere of keys that are this rank's own.
final class KeyOwners {
  /// What goes from rank to rank.
  struct Update: BitwiseCopyable, Sendable {
    var key: UInt64
    var action: UInt32
    var target: Float
  }

  /// Where the answer of a key is found.
  private struct Place {
    var owner: Int32
    /// Among those of its owner.
    var number: Int32
  }

  private let collective: any Collective
  private let rank: Int
  private let size: Int
  /// Keys that others are asked for, and those that they ask for.
  private let asked: Parcels<UInt64>
  private let wanted: Parcels<UInt64>
  /// What they answer, and what they are answered.
  private let answers: Parcels<QTable.Best>
  private let values: Parcels<QTable.Best>
  private let updates: Parcels<Update>
  private let received: Parcels<Update>
  private var places: [Place] = []
  private var numbers = KeyNumbers()
  /// Keys that others were asked for and updates that they were sent, since they were last taken.
  private var messages = 0

  init(_ collective: any Collective) {
    (self.collective, rank, size) = (collective, collective.rank, collective.size)
    (asked, wanted) = (Parcels(ranks: size), Parcels(ranks: size))
    (answers, values) = (Parcels(ranks: size), Parcels(ranks: size))
    (updates, received) = (Parcels(ranks: size), Parcels(ranks: size))
  }

  func takeMessages() -> Int {
    defer { messages = 0 }
    return messages
  }

  /// What each key is worth, in their order.
  ///
  /// - Parameter best: what a key of this rank is worth.
  func bests(
    _ keys: [UInt64], _ best: (UInt64) -> QTable.Best
  ) throws(CollectiveError) -> [QTable.Best] {
    guard size > 1 else { return keys.map(best) }
    place(keys)
    messages += asked.counts.reduce(0, +)
    try collective.allToAll(asked, into: wanted)
    values.resize(to: wanted.counts)
    answers.resize(to: asked.counts)
    for other in 0..<size {
      let values = values[other]
      for (at, key) in wanted[other].enumerated() { values[at] = best(key) }
    }
    try collective.exchange(values, into: answers)
    return keys.indices.map { at in
      let place = places[at]
      return place.owner == rank ? best(keys[at]) : answers[Int(place.owner)][Int(place.number)]
    }
  }

  private func place(_ keys: [UInt64]) {
    asked.removeAll()
    places.removeAll(keepingCapacity: true)
    numbers.removeAll(for: keys.count)
    for key in keys {
      let owner = KeyHash.shard(of: key, count: size)
      var number = 0
      if owner != rank {
        let next = asked[owner].count
        number = numbers.number(of: key, next: next)
        if number == next { asked.append(key, to: owner) }
      }
      places.append(Place(owner: Int32(owner), number: Int32(number)))
    }
  }

  /// Takes an update along, behind those of the same owner.
  @inline(__always)
  func add(_ update: Update) {
    updates.append(update, to: size == 1 ? 0 : KeyHash.shard(of: update.key, count: size))
  }

  /// Sends the updates to their owners, and applies those that are sent here in order of rank.
  func deliver(_ apply: (UnsafeMutableBufferPointer<Update>) -> Void) throws(CollectiveError) {
    if size > 1 { try collective.allToAll(updates, into: received) }
    for from in 0..<size {
      apply(from == rank ? updates[from] : received[from])
      if from != rank { messages += updates[from].count }
    }
    updates.removeAll()
  }
}

/// The number of each of some keys: by open addressing, in room that stays.
struct KeyNumbers {
  private struct Slot {
    /// 0 where it is free.
    var key: UInt64 = 0
    var number = 0
  }

  private var slots: [Slot] = []
  private var shift: UInt64 = 0

  /// Forgets all, and makes room for so many keys.
  mutating func removeAll(for count: Int) {
    var bits = 6
    while 1 << bits < 2 * count { bits += 1 }
    shift = UInt64(64 - bits)
    slots.removeAll(keepingCapacity: true)
    slots.append(contentsOf: repeatElement(Slot(), count: 1 << bits))
  }

  /// The number that a key has; one that has none gets `next`.
  @inline(__always)
  mutating func number(of key: UInt64, next: Int) -> Int {
    // The low bits of the hash say whose the key is.
    var place = Int(KeyHash.mix(key) >> shift)
    while slots[place].key != key {
      if slots[place].key == 0 {
        slots[place] = Slot(key: key, number: next)
        return next
      }
      place = (place + 1) & (slots.count - 1)
    }
    return slots[place].number
  }
}
