import DRR
import Kernels
import Platform
import Yams

/// What is trained, and the settings to search, from a file:
///
///     train: dqn
///     data: ml-100k.zip
///     steps: 5000
///     search:
///       learning-rate: {low: 1e-4, high: 1e-2, scale: log}
///       hidden: [64, 128, 256]
package struct SearchSpace {
  /// Where a setting may lie.
  enum Domain {
    case choices([Node])
    case range(low: Double, high: Double, isLog: Bool, isWhole: Bool)
  }

  /// As `dqn`.
  let algorithm: String
  /// Options that every trial has.
  let fixed: ConfigFile
  let searched: [(entry: ConfigFile.Entry, domain: Domain)]

  /// What validates nothing that more is better of.
  private static let unjudged: Set<String> = ["pmf", "irecgan", "multi-q"]

  /// Options that the search itself gives.
  private static let own: Set<String> = [
    "run", "seed", "seeds", "splits", "fresh", "config", "json", "report-progress",
  ]

  /// - Throws: `RunError` that names file and line.
  package init(_ path: String) throws {
    var file = try ConfigFile(path, of: "--space")
    func take(_ name: String) -> ConfigFile.Entry? {
      file.entries.firstIndex { $0.name == name }.map { file.entries.remove(at: $0) }
    }
    let train = take("train")
    let algorithms = TrainCommand.configuration.subcommands.map { $0._commandName }
      .filter { !Self.unjudged.contains($0) }
    guard let name = train?.value.string, algorithms.contains(name) else {
      let word = train?.value.string?.printable ?? "missing"
      throw RunError(
        "\(path):\(train?.line ?? 1): \"train:\" is \(word); it must be \(oneOf(algorithms, for: word))"
      )
    }
    let search = take("search")
    guard let mapping = search?.value.mapping, !mapping.isEmpty else {
      throw RunError(
        "\(path):\(search?.line ?? 1): \"search:\" must have a line for each setting to search, as "
          + "\"hidden: [64, 128]\" or \"learning-rate: {low: 1e-4, high: 1e-2, scale: log}\"")
    }
    let entries = try ConfigFile.entries(of: mapping, path)
    for entry in file.entries + entries where Self.own.contains(entry.name) {
      throw RunError("\(path):\(entry.line): \(entry.name) is set by the search; leave it out")
    }
    for entry in entries {
      if let twice = file.entries.first(where: { $0.name == entry.name }) {
        throw RunError(
          "\(path):\(entry.line): \(entry.name) has a value in line \(twice.line); leave one out")
      }
    }
    algorithm = name
    fixed = file
    searched = try entries.map { ($0, try Self.domain(of: $0, path)) }
    // Every name is an option, and every end of a range a value, before anything is trained.
    for number in 0..<4 { _ = try words(of: trial(number, seed: 0)) }
  }

  private static func domain(of entry: ConfigFile.Entry, _ path: String) throws -> Domain {
    let place = "\(path):\(entry.line): \(entry.name)"
    if let choices = entry.value.sequence {
      guard !choices.isEmpty, choices.allSatisfy({ $0.scalar != nil && $0.null == nil }) else {
        throw RunError("\(place) has a list that is empty or holds no plain values")
      }
      return .choices(Array(choices))
    }
    guard let mapping = entry.value.mapping else {
      throw RunError(
        "\(place) is one value; give a list of them, or {low: …, high: …}, or move it above "
          + "\"search:\"")
    }
    let known: Set<String> = ["low", "high", "scale"]
    if let other = mapping.keys.first(where: { !known.contains($0.string ?? "") }) {
      let name = other.string?.printable ?? "a name"
      throw RunError("\(place) has \(name) beside low, high and scale")
    }
    let scale = mapping["scale"]?.string?.printable ?? "linear"
    guard ["linear", "log"].contains(scale) else {
      throw RunError("\(place): scale is \(scale); it must be linear or log")
    }
    let ends = [mapping["low"], mapping["high"]].compactMap { $0?.scalar?.string.printable }
    let numbers = ends.compactMap(Double.init)
    guard numbers.count == 2, numbers.allSatisfy(\.isFinite), numbers[0] < numbers[1],
      numbers.allSatisfy({ abs($0) < 1e15 }), scale == "linear" || numbers[0] > 0
    else {
      throw RunError(
        "\(place): low is \(ends.first ?? "missing") and high \(ends.dropFirst().first ?? "missing"); "
          + "they must be numbers, the lower first\(scale == "log" ? ", above 0" : "")")
    }
    return .range(
      low: numbers[0], high: numbers[1], isLog: scale == "log",
      isWhole: ends.allSatisfy { Int($0) != nil })
  }

  /// The settings of a trial, drawn apart from those of any other: a longer search begins as a
  /// shorter one does.
  func trial(_ number: Int, seed: UInt64) -> [ConfigFile.Entry] {
    searched.enumerated().map { place, setting in
      var entry = setting.entry
      var draw = Philox(
        key: seed, stream: Streams.search, counter: UInt64(number) << 16 | UInt64(place))
      entry.value = setting.domain.value(at: Double(draw.uniform()))
      return entry
    }
  }

  /// The options of a trial as words behind `drr train ALGORITHM`.
  func words(of trial: [ConfigFile.Entry]) throws -> [String] {
    let title = "train \(algorithm)"
    let help = try CommandHelp(of: CommandHelp.command(["train", algorithm])!)
    var file = fixed
    file.entries += trial
    return try file.words(for: title, help)
  }

  /// All that it says.
  func text() throws -> String {
    let searched = Node(searched.map { (Node($0.entry.name), $0.entry.value) })
    let nodes = fixed.entries.map { (Node($0.name), $0.value) }
    return try serialize(
      node: Node([(Node("train"), Node(algorithm))] + nodes + [(Node("search"), searched)]))
  }

  /// A file for --config: the options of a trial, with a remark above.
  func options(of trial: [ConfigFile.Entry], _ remark: String) throws -> String {
    let nodes = (fixed.entries + trial).map { (Node($0.name), $0.value) }
    return try "# \(remark)\n" + serialize(node: Node(nodes))
  }
}

extension SearchSpace.Domain {
  /// - Parameter share: 0 ..< 1.
  func value(at share: Double) -> Node {
    switch self {
    case .choices(let choices):
      return choices[min(Int(share * Double(choices.count)), choices.count - 1)]
    case .range(let low, let high, let isLog, let isWhole):
      if isWhole {
        let top = high + 1
        let value = isLog ? low * pow(top / low, share) : low + share * (top - low)
        return Node("\(Int(min(value.rounded(.down), high)))")
      }
      let value = isLog ? low * pow(high / low, share) : low + share * (high - low)
      return Node("\(rounded(value))")
    }
  }

  /// To three digits, which is what a person would type.
  private func rounded(_ value: Double) -> Double {
    guard value != 0 else { return 0 }
    let power = log10(abs(value)).rounded(.down) - 2
    // Divided by a power of ten it is the number that its decimal digits are read as.
    return power < 0
      ? (value * pow(10, -power)).rounded() / pow(10, -power)
      : (value / pow(10, power)).rounded() * pow(10, power)
  }
}
