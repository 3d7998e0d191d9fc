import Kernels
import TestSupport

extension OpTable {
  /// Sessions of every length, a fifth of them over, some with their last step to come; items that
  /// end a session, and items below 0, which do so too.
  static let extendSessions: [OpCase] = [
    (1, 1, 1, 1), (7, 5, 3, 3), (33, 2, 20, 2), (257, 21, 2, 20), (1030, 3, 5, 0), (5, 130, 9, 129),
  ].map { b, w, t, k in
    var generator = SeededGenerator(UInt64(b * 701 + w))
    let end: Int32 = 7
    let lengths = generator.indices(b, in: 0..<Int32(t))
    let open = generator.indices(b, in: 0..<5).map { $0 == 0 ? Int32(0) : $0 == 1 ? -3 : 1 }
    return OpCase(
      op: .extendSessions, shape: "b \(b) w \(w) t \(t) k \(k)",
      operands: [
        .input("item", generator.indices(b, in: -1..<9)), .input("reward", generator.floats(b)),
        .input("list", generator.indices(b * w, in: -1..<99)), .update("open", open),
        .update("lengths", lengths), .update("clicks", generator.indices(b * t, in: -1..<9)),
        .update("rewards", generator.floats(b * t)),
        .update("lists", generator.indices(b * t * k, in: -1..<99)),
      ],
      bound: .exact, gradient: .notDifferentiable,
      call: { backend, a in
        backend.extendSessions(
          item: a[indices: "item"], reward: a["reward"], list: a[indices: "list"], end: end, b: b,
          w: w, t: t, k: k, open: a[indices: "open"], lengths: a[indices: "lengths"],
          clicks: a[indices: "clicks"], rewards: a["rewards"], lists: a[indices: "lists"])
      })
  }
}
