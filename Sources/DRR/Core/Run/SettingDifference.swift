/// The first setting, by its path, that differs between two configurations.
package func firstSettingThatDiffers<Configuration>(
  _ begun: Configuration, _ wanted: Configuration
) -> (name: String, begun: String, wanted: String)? {
  let (mine, others) = (settings(of: begun), settings(of: wanted))
  for (name, value) in mine.sorted(by: { $0.key < $1.key }) {
    let wanted = others[name] ?? "nothing"
    if wanted != value { return (name, value, wanted) }
  }
  return others.sorted { $0.key < $1.key }.first { mine[$0.key] == nil }
    .map { ($0.key, "nothing", $0.value) }
}

/// Every leaf of a value by its path.
private func settings(of value: Any, path: String = "") -> [String: String] {
  let mirror = Mirror(reflecting: value)
  if mirror.displayStyle == .optional {
    return mirror.children.first.map { settings(of: $0.value, path: path) } ?? [:]
  }
  guard mirror.displayStyle == .struct, !mirror.children.isEmpty else { return [path: "\(value)"] }
  return mirror.children.reduce(into: [:]) { all, child in
    let name = path.isEmpty ? child.label ?? "" : "\(path).\(child.label ?? "")"
    all.merge(settings(of: child.value, path: name)) { first, _ in first }
  }
}
