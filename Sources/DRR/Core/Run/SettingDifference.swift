/// A setting that a run was started with, and another value that is wanted.
public struct SettingDifference: Hashable, Sendable {
  /// Its path, such as `agent.ddpg.discount`.
  public var name: String
  /// The value that the run was started with, in words.
  public var begun: String
  /// The value that is wanted now, in words.
  public var wanted: String

  /// What stands for a value where there is none.
  static let nothing = "nothing"
}

/// Settings that files keep beside those of the value that has them, under no name of their own.
public protocol FlatSettings {}

/// The first setting, by its path, that differs between two configurations.
package func firstSettingThatDiffers<Configuration>(
  _ begun: Configuration, _ wanted: Configuration
) -> SettingDifference? {
  let all = settingsThatDiffer(begun, wanted)
  // One that is new is told of only where no other differs.
  return all.first { $0.begun != SettingDifference.nothing } ?? all.first
}

/// All settings that differ between two configurations, by their paths.
package func settingsThatDiffer(_ begun: Any, _ wanted: Any) -> [SettingDifference] {
  let (mine, others) = (settings(of: begun), settings(of: wanted))
  return Set(mine.keys).union(others.keys).sorted().compactMap { name in
    guard mine[name] != others[name] else { return nil }
    return SettingDifference(
      name: name, begun: mine[name] ?? SettingDifference.nothing,
      wanted: others[name] ?? SettingDifference.nothing)
  }
}

/// Every leaf of a value by its path.
package func settings(of value: Any, path: String = "") -> [String: String] {
  let mirror = Mirror(reflecting: value)
  if mirror.displayStyle == .optional {
    return mirror.children.first.map { settings(of: $0.value, path: path) } ?? [:]
  }
  if mirror.displayStyle == .enum, let payload = mirror.children.first,
    case let inner = Mirror(reflecting: payload.value), inner.displayStyle == .struct,
    !inner.children.isEmpty
  {
    return settings(of: payload.value, path: path)
      .merging([path: payload.label ?? ""]) { first, _ in first }
  }
  let elements = Array(mirror.children.map(\.value))
  if mirror.displayStyle == .collection, let first = elements.first,
    case let inner = Mirror(reflecting: first), inner.displayStyle == .struct,
    !inner.children.isEmpty
  {
    return elements.enumerated().reduce(into: [:]) { all, element in
      all.merge(settings(of: element.element, path: "\(path)[\(element.offset)]")) { first, _ in
        first
      }
    }
  }
  guard mirror.displayStyle == .struct, !mirror.children.isEmpty else { return [path: "\(value)"] }
  return mirror.children.reduce(into: [:]) { all, child in
    let label = child.value is any FlatSettings ? "" : child.label ?? ""
    let name = [path, label].filter { !$0.isEmpty }.joined(separator: ".")
    all.merge(settings(of: child.value, path: name)) { first, _ in first }
  }
}
