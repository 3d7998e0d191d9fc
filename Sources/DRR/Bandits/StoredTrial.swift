import Tensor

/// What a trial is made with, and no round changes, by the names of properties.
private let constants: Set = [
  "armCount", "best", "decays", "exhibits", "index", "key", "loudness", "model", "most", "next",
  "payments", "plain", "plan", "problem", "radius", "rate", "rates", "rooms", "scale", "stream",
  "temperature", "truth", "view", "width",
]
/// Numbers that may be below 0; counts and shares may not.
private let signed: Set = [
  "coefficients", "energy", "heights", "inverse", "logDeterminant", "means", "patience", "right",
  "sums",
]

/// Whether a stored trial is one that a fresh one of the same policy and seed can become: lists as
/// long, but for those that are empty at first, the same constants, counts from 0 and no number
/// that is past all rounds.
func isLike(
  _ stored: Any, _ fresh: Any, _ name: String = "", isElement: Bool = false
) -> Bool {
  let (its, mine) = (Mirror(reflecting: stored), Mirror(reflecting: fresh))
  // Of a policy's settings and of a list policy's places one number each.
  let isConstant =
    constants.contains(name)
    || (["places", "pulls"].contains(name) && mine.displayStyle != .collection && !isElement)
  if isConstant { return "\(stored)" == "\(fresh)" }
  switch mine.displayStyle {
  case .optional:
    // What was not there at first, such as the place of a visitor.
    guard let mine = mine.children.first else { return true }
    return its.children.first.map { isLike($0.value, mine.value, name, isElement: isElement) }
      ?? true
  case .collection:
    return mine.children.isEmpty
      || its.children.count == mine.children.count
        && zip(its.children, mine.children).allSatisfy {
          isLike($0.value, $1.value, name, isElement: true)
        }
  case .struct where !mine.children.isEmpty && !(fresh is Philox):
    return zip(its.children, mine.children).allSatisfy {
      isLike($0.value, $1.value, $1.label ?? "")
    }
  default: break
  }
  switch (stored, fresh) {
  case (let its as Philox, let mine as Philox):
    return its.key == mine.key && its.stream == mine.stream
  case (let its as Int, _): return 0...1 << 48 ~= its
  case (let its as Double, let mine as Double):
    return its == mine || (signed.contains(name) ? -1e15...1e15 : 0...1e15) ~= its
  default: return true
  }
}
