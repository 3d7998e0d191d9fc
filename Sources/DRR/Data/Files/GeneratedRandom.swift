import DRRCore
import Tensor

/// Draws for ``GeneratedWorld``, exact on every machine.
struct UniformSource {
  private var philox: Philox

  init(seed: UInt64, stream: UInt64) {
    philox = Philox(seed: seed, stream: stream)
  }

  /// [0, 1).
  mutating func uniform() -> Double { Double(philox.next() >> 11) * 0x1p-53 }

  mutating func index(below count: Int) -> Int {
    Int(philox.next().multipliedFullWidth(by: UInt64(count)).high)
  }

  /// Twelve uniform numbers summed: mean 0, variance 1, no logarithm.
  mutating func normal() -> Float {
    var sum: UInt64 = 0
    for _ in 0..<3 {
      let word = philox.next()
      sum += (word & 0xffff) + (word >> 16 & 0xffff) + (word >> 32 & 0xffff) + word >> 48
    }
    return (Float(sum) + 6) / 65_536 - 6
  }

  mutating func vector() -> SIMD8<Float> {
    var vector = SIMD8<Float>()
    for index in 0..<8 { vector[index] = normal() }
    return vector
  }

  mutating func shuffle(_ values: inout [Int32]) {
    guard values.count > 1 else { return }
    for index in stride(from: values.count - 1, to: 0, by: -1) {
      values.swapAt(index, self.index(below: index + 1))
    }
  }

  mutating func permutation(_ count: Int) -> [Int32] {
    var values = (0..<Int32(count)).map { $0 }
    shuffle(&values)
    return values
  }

  /// One to three genres; the first ones of the list are not favoured.
  mutating func genres(of count: Int) -> [UInt8] {
    let wanted = [1, 1, 2, 2, 3][index(below: 5)]
    var genres: [UInt8] = []
    while genres.count < wanted {
      // Half of all picks fall on four large genres, as Drama and Comedy do in films.
      let genre = UInt8(
        index(below: 2) == 0 ? [7, 4, 0, 15][index(below: 4)] : index(below: count))
      if !genres.contains(genre) { genres.append(genre) }
    }
    return genres.sorted()
  }

  /// Seconds to the next rating: half are given at the same moment as the one before, most others
  /// within a minute, a few days later.
  mutating func pause() -> Int64 {
    let kind = uniform()
    if kind < 0.5 { return 0 }
    if kind < 0.98 { return 2 + Int64(index(below: 58)) }
    let share = uniform()
    return 86_400 + Int64(min(30, share / (1 - share)) * 172_800)
  }
}

/// Draws an index with probability proportional to its weight in constant time (Vose 1991).
struct AliasTable {
  private var keep: [Double]
  private var other: [Int32]

  init(_ weights: [Double]) {
    let total = weights.reduce(0, +)
    keep = weights.map { $0 / total * Double(weights.count) }
    other = [Int32](repeating: 0, count: weights.count)
    var small: [Int] = []
    var large: [Int] = []
    for index in keep.indices {
      if keep[index] < 1 { small.append(index) } else { large.append(index) }
    }
    while let low = small.popLast(), let high = large.popLast() {
      other[low] = Int32(high)
      keep[high] -= 1 - keep[low]
      if keep[high] < 1 { small.append(high) } else { large.append(high) }
    }
    // What is left misses 1 by rounding only.
    for index in small + large { keep[index] = 1 }
  }

  func pick(_ random: inout UniformSource) -> Int {
    let index = random.index(below: keep.count)
    return random.uniform() < keep[index] ? index : Int(other[index])
  }
}

/// Two words, and a number once the pairs are used up.
enum GeneratedTitle {
  private static let first = [
    "Amber", "Ashen", "Autumn", "Blue", "Brass", "Bright", "Broken", "Cedar", "Clear", "Cold",
    "Copper", "Coral", "Crimson", "Dark", "Distant", "Dusty", "Early", "Empty", "Evening", "Far",
    "First", "Frozen", "Gentle", "Glass", "Golden", "Green", "Grey", "Hidden", "High", "Hollow",
    "Iron", "Ivory", "Last", "Long", "Lost", "Low", "Morning", "Narrow", "Northern", "Open",
    "Pale", "Quiet", "Red", "Silent", "Silver", "Southern", "White", "Winter",
  ]
  private static let second = [
    "Anchor", "Arch", "Atlas", "Avenue", "Balcony", "Bay", "Bell", "Bridge", "Canal", "Canyon",
    "Castle", "Circle", "Clock", "Coast", "Compass", "Corner", "Crossing", "Crown", "Delta",
    "Door", "Echo", "Engine", "Falls", "Ferry", "Field", "Fire", "Forest", "Fountain", "Gate",
    "Garden", "Harbour", "Hill", "Horizon", "House", "Island", "Journey", "Key", "Lake", "Lamp",
    "Lantern", "Letter", "Light", "Line", "Market", "Meadow", "Mirror", "Moon", "Mountain",
    "Ocean", "Orchard", "Path", "Planet", "Promise", "River", "Road", "Sail", "Shadow", "Signal",
    "Station", "Storm", "Street", "Tower", "Valley", "Window",
  ]

  static func name(_ item: Int) -> String {
    let pairs = first.count * second.count
    // 1021 has no factor in common with the number of pairs, so neighbours differ and none repeats.
    let pair = item % pairs * 1021 % pairs
    let part = item / pairs
    let name = "\(first[pair % first.count]) \(second[pair / first.count])"
    return part == 0 ? name : "\(name) \(part + 1)"
  }
}
