import ArgumentParser
import DRR
import Kernels
import Tensor

/// An estimator by its name, of single decisions or of lists.
enum EstimatorName: String, CaseIterable, ExpressibleByArgument {
  case dm, ips
  case clippedIPS = "clipped-ips"
  case snips, dr, sndr
  case switchDR = "switch-dr"
  case dros, rips, snrips, pi, wpi

  static var allValueDescriptions: [String: String] { [:] }

  /// - Throws: where it is of lists alone.
  func ofDecisions(_ option: String, _ source: String) throws -> OffPolicyEstimator {
    guard let found = OffPolicyEstimator(rawValue: rawValue) else {
      throw ValidationError(
        "\(option) \(rawValue) is of lists, and \(source) has single decisions; name another, as "
          + "snips.")
    }
    return found
  }

  /// - Throws: where it is of single decisions alone.
  func ofLists(_ option: String, _ source: String) throws -> SlateEstimator {
    guard let found = SlateEstimator(rawValue: rawValue) else {
      let known = SlateEstimator.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError(
        "\(option) \(rawValue) needs a reward model, which is not fitted to the lists of \(source); "
          + "name one of \(known).")
    }
    return found
  }
}

/// A model that is to be judged, as --policy names it.
struct ServedPolicyName {
  var folder: String
  var exploration: Exploration?

  /// - Parameter name: model:FOLDER[@ε,temperature,candidates].
  init(_ name: String) throws {
    guard name.hasPrefix("model:"), name.count > 6 else {
      throw ValidationError(
        "--policy is \"\(name)\"; of a feedback log it must be model:FOLDER[@EPSILON,TEMPERATURE,"
          + "CANDIDATES], as model:models/second.")
    }
    folder = String(name.dropFirst(6))
    guard let sign = folder.lastIndex(of: "@"),
      !RunFolder(folder).exists(folder + "/model.json")
    else { return }
    let parts = folder[folder.index(after: sign)...].split(
      separator: ",", omittingEmptySubsequences: false)
    guard parts.count == 3, let epsilon = Double(parts[0]), let temperature = Double(parts[1]),
      let candidates = Int(parts[2])
    else {
      throw ValidationError(
        "--policy is \"\(name)\"; behind @ it must have ε, a temperature and a number of candidates, "
          + "as @0.1,0.25,50.")
    }
    let found = Exploration(epsilon: epsilon, temperature: temperature, candidates: candidates)
    do {
      try found.validate()
    } catch {
      throw ValidationError("--policy \(name): \(error).")
    }
    exploration = found
    folder = String(folder[..<sign])
  }

  func model(named name: String, on device: DeviceID) throws -> ReplayedModel {
    try ReplayedModel(folder: folder, name: name, exploration: exploration, on: device)
  }
}

extension ReplayedModel {
  init(
    folder: String, name: String, exploration: Exploration? = nil, on device: DeviceID
  ) throws {
    let policy = try ServingPolicy(ExportedModel(folder: folder)) {
      try DeviceCatalog.backend(for: device)
    }
    self.init(name: name, policy: policy, exploration: exploration)
  }
}

extension SlateReport {
  var text: String {
    let digits = behaviour.digits
    var table = PolicyTable(policies) { $0.name }
    for estimator in configuration.estimators {
      table.add(estimator.rawValue) { $0[estimator]?.text(digits) ?? "no weight" }
    }
    let ranking = configuration.ranking.rawValue
    table.add("\(ranking) minus the log") { $0.differences[ranking]?.text(digits) ?? "" }
    table.add("rank by \(ranking)") { $0.rank.map(String.init) ?? "not ranked" }
    table.add { $0.diagnostics.rows.dropLast() }
    if policies.contains(where: { $0.pseudoInverseSampleSize != nil }) {
      table.add("sample size of pi") { $0.pseudoInverseSampleSize.map { decimal($0, 0) } ?? "" }
    }
    table.add("clipped at \(decimal(clip, 1))") {
      "\(decimal(100 * $0.diagnostics.clipRate, 2))%"
    }
    var notes: [String] = []
    if let learned = log.learned {
      notes.append(
        "\(grouped(learned)) lists that a model may have learned from are left out: they were served "
          + "before the log was learned from")
    }
    for policy in policies {
      if let refusal = policy.refusal {
        notes.append(
          "\(policy.name): not ranked: \(refusal)"
            + (log.positions > 1 ? "; --positions looks at fewer" : ""))
      }
      notes += policy.warnings.map { "\(policy.name): \($0)" }
    }
    return """
      log       \(log.name): \(grouped(log.lists)) lists of \(grouped(log.items)) items, at most \
      \(log.positions) \(log.positions == 1 ? "position" : "positions"), \(grouped(log.clusters)) users
      \(log.joined?.text(log.missing ?? .zero) ?? "")
      behavior  \(behaviour.text(digits)), the mean reward of a list of the log

      \(table.text)\(positionTable(digits))\(notes.footnotes)
      """
  }

  private func positionTable(_ digits: Int) -> String {
    guard log.positions > 1 else { return "" }
    var rows = [["position", "lists", "logged"] + policies.flatMap { [$0.name, "ESS"] }]
    for (at, position) in positions.enumerated().prefix(20) {
      rows.append(
        ["\(at + 1)", grouped(position.lists), decimal(position.value.value, digits)]
          + policies.flatMap { policy in
            [
              policy.positions[at].value.text(digits),
              decimal(policy.positions[at].effectiveSampleSize ?? 0, 0),
            ]
          })
    }
    return "\n\nmean reward by position (snrips)\n" + Table(rows: rows).text
  }
}
