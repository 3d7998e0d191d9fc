import ArgumentParser
import DRR

/// Options of an agent that learns from ratings, in tabular MDPs and in worlds of other programs.
protocol DeepAgentSettings: AgentSettings {
  var deep: DeepOptions { get }
  /// Sets what is given, beside what ``DeepOptions`` set.
  func apply(to elsewhere: inout GymRunConfiguration)
  /// Sets what is given, beside what ``DeepOptions`` set.
  func apply(to small: inout SmallWorldConfiguration)
}

extension AgentCommandOptions where Agent: DeepAgentSettings {
  /// Trains it in the world that is asked for.
  ///
  /// - Parameter own: trains it in a world that is no other agent's; false where none is meant.
  func trainAnywhere(_ own: () throws -> Bool) throws {
    let deep = agent.deep
    if deep.elsewhere.isGiven(options.folder, training.start) {
      try deep.requireElsewhere(settings, group)
      return try GymTraining(
        command: Agent.command, options: options, group: group, training: training, device: device
      ).run(output, at: deep.elsewhere, seed: settings.seed) {
        deep.apply(to: &$0, seed: settings.seed)
        agent.apply(to: &$0)
      }
    }
    if try own() { return }
    if deep.isTabular(options.folder, training.start) {
      try deep.requireNoRatings(settings, group)
      return try TabularTraining(
        command: Agent.command, options: options, group: group, training: training, device: device
      ).run(output) {
        deep.apply(to: &$0, seed: settings.seed)
        agent.apply(to: &$0)
        return try deep.starts.read(deep.env?.process, for: &$0)
      }
    }
    try deep.requireRatings()
    try train()
  }
}
