import Terminal

/// How far trainings that go side by side are, in hundredths of one.
struct TrainingsProgress {
  /// One that is done.
  static let whole = 100
  private let line = Progress()
  private let name: String
  private var done: [Int]

  /// - Parameter name: what one of them is called, with what follows it.
  init(count: Int, of name: String) {
    self.name = name
    done = Array(repeating: 0, count: count)
  }

  /// One of them has come so far; it never goes back.
  mutating func update(_ number: Int, _ share: Int) {
    done[number] = max(done[number], share)
    let over = done.count { $0 == Self.whole }
    line.update(
      done.reduce(0, +), of: Self.whole * done.count,
      "hundredths of \(name), \(over) of \(done.count) done")
  }

  func finish() { line.finish() }
}
