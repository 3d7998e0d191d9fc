import ArgumentParser

/// Spellings of options and commands that came before today's, and short names of other programs.
/// They are taken, and no help shows them: words are rewritten once, before anything is parsed.
package enum OldNames {
  /// Of every command.
  private static let everywhere: [String: [String]] = [
    "--twin": ["--myopic"], "--no-twin": ["--no-myopic"],
    "--cloning-steps": ["--bc-updates"],
    "--consecutive": ["--streak-strength"],
    "--world": ["--env"], "--point": ["--env", "point"],
    "--reward-watching": ["--reward", "interaction"],
    "--behaviour": ["--behavior"],
    "--test-share": ["--test-fraction"], "--validation-share": ["--validation-fraction"],
    "--simulated-share": ["--simulated-ratio"],
    "--drop-faulty": ["--drop-invalid"],
    "--choose": ["--checkpoint"], "--validations": ["--eval-count"],
    "--environments": ["--num-envs"],
    "--batch": ["--batch-size"], "--pmf-batch": ["--pmf-batch-size"],
    "--replay": ["--buffer-size"],
    "--gamma": ["--discount"], "--tau": ["--target-rate"],
    "--gradient-steps": ["--updates-per-step"],
    "--return-steps": ["--n-step"], "--roll-out-steps": ["--rollout-length"],
    "--roll-outs": ["--rollouts"],
    "--gradient-norm": ["--max-grad-norm"], "--entropy-weight": ["--entropy-coef"],
    "--exploration-deviation": ["--exploration-noise"],
    "--target-noise": ["--policy-noise"], "--target-noise-clip": ["--noise-clip"],
    "--epsilon-share": ["--exploration-fraction"],
    "--conservatism": ["--cql-alpha"],
    "--episode-limit": ["--max-episode-steps"],
    "--duelling": ["--dueling"], "--no-duelling": ["--no-dueling"],
    "--only-baselines": ["--baselines-only"],
    "--leak-ladder": ["--leakage-ablation"],
    "--new-only": ["--no-seen-items"],
  ]

  /// Of a command by its path; a command that is another's default has two.
  private static let ofCommand: [String: [String: [String]]] = [
    "train multi-q": ["--bootstrap": ["--target"]],
    "train slateq": ["--world": ["--world"]], "train ddpg": ["--world": ["--world"]],
    "bandit": ["--log": ["--out"]], "bandit arms": ["--log": ["--out"]],
    "ope": ["--run": ["--out"]], "ope evaluate": ["--run": ["--out"]],
    "ope sessions": ["--run": ["--out"]],
    "ope simulate": [
      "--run": ["--out"], "--write": ["--log-only", "--out"], "--replications": ["--seeds"],
      "--policies": ["--policy-count"],
    ],
  ]

  /// Today's options for one of another name.
  static func options(for old: String) -> [String] { everywhere[old] ?? [] }

  /// The words of a command line, as today's options spell them.
  ///
  /// - Throws: `ValidationError` if two spellings of one option are given.
  package static func rewritten(_ words: [String]) throws -> [String] {
    var words = words
    if words.starts(with: ["simulate", "irecgan"]) {
      words.replaceSubrange(0..<2, with: ["evaluate", "irecgan", "--simulate-only"])
    }
    if words.starts(with: ["bench", "foresight"]) { words[1] = "worlds" }
    if words.starts(with: ["train", "drr"]) { words = try trained(words) }
    let path = words.prefix { !$0.hasPrefix("-") }.prefix(2)
    // What is measured has options of its own.
    guard let command = path.first, command != "bench" else { return words }
    if command == "simulate" { words = simulated(words, path.last ?? "") }
    let own = ofCommand[path.joined(separator: " ")] ?? ofCommand[command] ?? [:]
    let names = everywhere.merging(own) { $1 }
    let end = words.firstIndex(of: "--") ?? words.endIndex
    var spellings: [String: String] = [:]
    var result: [String] = []
    for word in words[..<end] {
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let old = word.hasPrefix("--") ? String(parts[0]) : ""
      let new = names[old] ?? (old.isEmpty ? [] : [old])
      guard let name = new.first(where: { $0 != "--log-only" }) else {
        result.append(word)
        continue
      }
      if let other = spellings.updateValue(old, forKey: name), other != old {
        throw ValidationError("\(other) and \(old) are one option; leave one of them out.")
      }
      result += new
      if parts.count == 2 { result[result.count - 1] += "=\(parts[1])" }
    }
    return result + words[end...]
  }

  /// `train drr --preset best` trained the residual agent, `--preset paper` DRR.
  private static func trained(_ words: [String]) throws -> [String] {
    var words = words
    while let at = words.firstIndex(where: { $0 == "--preset" || $0.hasPrefix("--preset=") }) {
      let isApart = words[at] == "--preset"
      let preset =
        isApart
        ? words.dropFirst(at + 1).first ?? "" : String(words[at].dropFirst("--preset=".count))
      guard ["paper", "best"].contains(preset) else {
        throw ValidationError(
          "--preset is \(preset.isEmpty ? "empty" : preset); `drr train drr` trains DRR and `drr "
            + "train residual` the residual agent.")
      }
      if preset == "best" { words[1] = "residual" }
      words.removeSubrange(at..<at + (isApart ? 2 : 1))
    }
    return words
  }

  /// `simulate --beside X` is a further --run, which stands behind the first.
  private static func simulated(_ words: [String], _ subcommand: String) -> [String] {
    guard ["simulate", "drr"].contains(subcommand), words.contains(where: isBeside) else {
      return words
    }
    var (kept, moved): ([String], [String]) = ([], [])
    var takesValue = false
    for word in words {
      if takesValue {
        moved.append(word)
        takesValue = false
      } else if word == "--beside" {
        moved.append("--run")
        takesValue = true
      } else if isBeside(word) {
        moved.append("--run" + word.dropFirst("--beside".count))
      } else {
        kept.append(word)
      }
    }
    let hasRun = kept.contains { $0 == "--run" || $0.hasPrefix("--run=") }
    return kept + (hasRun ? [] : ["--run", "runs/default"]) + moved
  }

  private static func isBeside(_ word: String) -> Bool {
    word == "--beside" || word.hasPrefix("--beside=")
  }
}
