import ClickSessions

extension SessionLog {
  /// `click/reward[list]` of each step, and a `!` where the user left.
  package var spelled: [String] {
    (0..<count).map { session in
      steps(of: session).map { step in
        let reward = rewards[step] == 0 ? "" : "/\(rewards[step])"
        let shown = list(of: step).map(String.init).joined(separator: ",")
        return "\(clicks[step])\(reward)[\(shown)]"
      }.joined(separator: " ") + (ended[session] ? "!" : "")
    }
  }
}
